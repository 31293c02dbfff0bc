// The README of temporal-a2a-client: docs/client.md, for who has that package and not the repository.

/** How the page says where the client comes from, and what a reader of the package needs in its place. */
const OPENING = [/^# The client\n/, '# temporal-a2a-client\n\n```sh\nnpm install temporal-a2a-client\n```\n']
const ORIGIN = [
  /It comes with `temporal-a2a`; who only calls agents installs\s+`temporal-a2a-client` instead: the same code without the server, under 5 MB with all that it depends on\./,
  'It is the client of `temporal-a2a` without the server,\nunder 5 MB with all that it depends on.',
]
/** The files they lead to are not in the package. */
const RELATIVE_LINK = /\[([^\]]*)\]\((?![a-z]+:|#)[^)]*\)/g

/**
 * @param {string} page docs/client.md
 * @throws Error when a sentence that is replaced is not there any more
 */
export function clientReadme(page) {
  let text = page
  for (const [found, replacement] of [OPENING, ORIGIN]) {
    if (!found.test(text)) throw new Error(`docs/client.md does not say ${found}`)
    text = text.replace(found, replacement)
  }
  return text
    .replace(/(['"])temporal-a2a\/(client|proto)\1/g, (_, quote, entry) =>
      entry === 'client' ? `${quote}temporal-a2a-client${quote}` : `${quote}temporal-a2a-client/${entry}${quote}`,
    )
    .replace(RELATIVE_LINK, '$1')
}
