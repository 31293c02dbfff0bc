/** Whether a program that tests need may be missing: not where `TEMPORAL_A2A_TEST_REQUIRE` names it, as CI does. */
export function isRequired(tool: string): boolean {
  return (process.env.TEMPORAL_A2A_TEST_REQUIRE ?? '').split(',').includes(tool)
}

/** Whether `TEMPORAL_A2A_TEST_WITHOUT` names it: a program that is there, and of no use, such as a compiler without its packages. */
export function isExcluded(tool: string): boolean {
  return (process.env.TEMPORAL_A2A_TEST_WITHOUT ?? '').split(',').includes(tool)
}
