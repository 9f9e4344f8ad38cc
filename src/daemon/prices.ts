import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findPrice } from '../core/find-price.ts'
import { PriceFile, type Price } from '../schema/cost.ts'
import { parseYaml } from './load-config.ts'

const packagedFile = fileURLToPath(new URL('../../prices.yaml', import.meta.url))

/** The tables in use: Drover's own, with those of the home over it. */
interface Tables {
  packaged: PriceFile
  own: PriceFile | null
  byModel: ReadonlyMap<string, Price>
}

/**
 * What tokens cost. The home's file is read again when it was changed; one that can't be read then is
 * told of, and the prices of before stay. Errors at the start: `invalid_config`, naming the line.
 */
export class Prices {
  readonly #file: string
  readonly #report: (error: unknown) => void
  #changedAt: number
  #tables: Tables

  constructor(file: string, report: (error: unknown) => void) {
    this.#file = file
    this.#report = report
    this.#changedAt = changeOf(file)
    this.#tables = readTables(file)
  }

  /** The price of a model as its program names it; null: it has none. */
  find(model: string): Price | null {
    return findPrice(model, this.#current().byModel)
  }

  /** Of which day they are. */
  get asOf(): { asOf: string; ownAsOf: string | null } {
    const { packaged, own } = this.#current()
    return { asOf: packaged.asOf, ownAsOf: own?.asOf ?? null }
  }

  /** How many models have a price, and how many of them one of the home's. */
  get counts(): { models: number; own: number } {
    const { byModel, own } = this.#current()
    return { models: byModel.size, own: own ? Object.keys(own.models).length : 0 }
  }

  #current(): Tables {
    const changedAt = changeOf(this.#file)
    if (changedAt !== this.#changedAt) {
      this.#changedAt = changedAt
      try {
        this.#tables = readTables(this.#file)
      } catch (error) {
        this.#report(error)
      }
    }
    return this.#tables
  }
}

/** When a file was last changed, Unix ms; 0: there is none. */
function changeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function readTables(file: string): Tables {
  const packaged = readPrices(packagedFile)
  const own = changeOf(file) === 0 ? null : readPrices(file)
  const byModel = new Map(Object.entries({ ...packaged.models, ...own?.models }))
  return { packaged, own, byModel }
}

function readPrices(file: string): PriceFile {
  return parseYaml(readFileSync(file, 'utf8'), { file, schema: PriceFile, code: 'invalid_config' })
}
