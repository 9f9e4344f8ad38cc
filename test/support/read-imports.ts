import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** One import as it stands in a file. */
export interface Import {
  /** Path of the importing file, from the folder that was read. */
  from: string
  /** Path of the imported file from the same folder, or the name of a package. */
  to: string
  isPackage: boolean
  /** Gone once compiled. */
  isType: boolean
  /** `import()`: loaded when it is asked for. */
  isLate: boolean
}

/** Every TypeScript file below a folder but tests, by its path from there. */
export function listSources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .toSorted()
}

const staticImports = /^(?:import|export)\s+(type\s)?(?:[\w*{][^'"`;]*?\sfrom\s+)?'([^']+)'/gm
const lateImports = /\bimport\('([^']+)'\)/g

export function readImports(folder: string): Import[] {
  return listSources(folder).flatMap((from) => {
    const text = readFileSync(path.join(folder, from), 'utf8')
    const place = (specifier: string): Pick<Import, 'from' | 'to' | 'isPackage'> => {
      const isPackage = !specifier.startsWith('.')
      return {
        from,
        to: isPackage ? packageOf(specifier) : path.join(path.dirname(from), specifier),
        isPackage,
      }
    }
    return [
      ...[...text.matchAll(staticImports)].map(([, type, to = '']) => ({
        ...place(to),
        isType: type !== undefined,
        isLate: false,
      })),
      ...[...text.matchAll(lateImports)].map(([, to = '']) => ({
        ...place(to),
        isType: false,
        isLate: true,
      })),
    ]
  })
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) {
    return 'node'
  }
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Everything loaded when a file is: itself, and what it imports, and so on; packages by name. */
export function loadedWith(entry: string, imports: readonly Import[]): Set<string> {
  const loaded = new Set([entry])
  for (const file of loaded) {
    for (const { from, to, isType, isLate } of imports) {
      if (from === file && !isType && !isLate) {
        loaded.add(to)
      }
    }
  }
  return loaded
}

/** The first circle found among imports that are loaded together, as a path that ends where it began; null when there is none. */
export function findCircle(imports: readonly Import[]): string[] | null {
  const next = Map.groupBy(
    imports.filter(({ isPackage, isType, isLate }) => !isPackage && !isType && !isLate),
    ({ from }) => from,
  )
  const done = new Set<string>()
  const follow = (file: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(file)) {
      return [...trail.slice(trail.indexOf(file)), file]
    }
    if (done.has(file)) {
      return null
    }
    for (const { to } of next.get(file) ?? []) {
      const circle = follow(to, [...trail, file])
      if (circle) {
        return circle
      }
    }
    done.add(file)
    return null
  }
  for (const file of next.keys()) {
    const circle = follow(file, [])
    if (circle) {
      return circle
    }
  }
  return null
}
