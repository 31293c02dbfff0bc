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

/** The results by the names of agent classes; each is what the function of the same meaning makes. */
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
  /** Ends the turn: INPUT_REQUIRED. */
  needInput: inputRequired,
  /** Returned, ends the turn: AUTH_REQUIRED. Yielded, shows it and the handler goes on. */
  needAuth: authRequired,
  fail,
  reject,
  message,
})
