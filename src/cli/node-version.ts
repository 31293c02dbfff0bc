/** Whether this Node can run us. Imports nothing, so that any Node can tell. */

/**
 * Undefined when it can.
 *
 * @param running such as `24.14.1`
 * @param wanted `engines.node` of package.json: `^` and `>=` of whole versions, with `||` between them
 */
export function nodeProblem(running: string, wanted: string): string | undefined {
  const fits = wanted.split('||').some((range) => {
    const [, operator, least = ''] = /^\s*(\^|>=)(\d+\.\d+\.\d+)\s*$/.exec(range) ?? []
    if (operator === undefined || !atLeast(running, least)) return false
    return operator === '>=' || parse(running)[0] === parse(least)[0]
  })
  return fits ? undefined : `temporal-a2a needs Node ${wanted}; this is ${running}`
}

function atLeast(version: string, least: string): boolean {
  const [have, want] = [parse(version), parse(least)]
  const at = want.findIndex((number, place) => number !== have[place])
  return at === -1 || (have[at] ?? 0) > (want[at] ?? 0)
}

/** Without what follows a hyphen, as in nightly builds. */
function parse(version: string): number[] {
  return (version.split('-')[0] ?? '').split('.').map(Number)
}
