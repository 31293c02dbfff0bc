/** docs/testing.md and the recipe of the README do what they say. */
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Recipes, recipesOf } from './recipes.js'

let recipes: Recipes
let printed: string[]

beforeAll(async () => {
  recipes = await recipesOf('docs/testing.md')
})

afterAll(() => recipes.remove())

beforeEach(() => {
  printed = []
  vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(values.map(show).join(' ')))
})

afterEach(() => {
  vi.restoreAllMocks()
})

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

describe('the code of docs/testing.md', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it.each([
    ['A conversation', []],
    ['Crashes', []],
    ['Time', []],
    ['Other agents', []],
    ['A real port', []],
    ['Streams and golden lists', expect.arrayContaining(['task SUBMITTED', 'INPUT_REQUIRED: Pay 1200?'])],
    ['Code that does not repeat', [expect.stringContaining('Agent shop asked for something else in approve')]],
  ])('%s', async (heading, expected) => {
    await recipes.load(heading)
    expect(printed).toEqual(expected)
  })
})

describe('the recipe of the README', () => {
  it('is at most ten lines, and prints what it says', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    const code = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block ?? '')
    const booking = code.find((block) => block.includes("id: 'booking'")) ?? ''
    const recipe = code.find((block) => block.includes('temporal-a2a/testing')) ?? ''
    expect(recipe.trimEnd().split('\n').length).toBeLessThanOrEqual(10)
    const page = await recipesOf('README.md')
    try {
      await page.load('Test it', () => recipe.replace(/import \{ booking \}.*\n/, booking))
    } finally {
      await page.remove()
    }
    expect(printed).toEqual([/\/\/ (.*)\n/.exec(recipe)?.[1]])
  })
})
