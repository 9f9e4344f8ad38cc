import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** A module of the build, absolute. */
export const built = (module: string): string => path.join(root, 'dist', module)

/** A program of `bench/programs`, absolute. */
export const program = (name: string): string => path.join(root, 'bench', 'programs', `${name}.ts`)
