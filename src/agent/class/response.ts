/** The results of `result.ts` under the names a class's handlers use. */
import {
  artifact,
  authRequired,
  complete,
  data,
  fail,
  file,
  inputRequired,
  message,
  reject,
  status,
  text,
} from '../result.js'

export const Response = Object.freeze({
  /** A text; the same as the bare string. */
  text,
  /** A chunk of a longer text, to be yielded. */
  partial: text,
  status,
  file,
  data,
  artifact,
  complete,
  needInput: inputRequired,
  needAuth: authRequired,
  fail,
  reject,
  message,
})
