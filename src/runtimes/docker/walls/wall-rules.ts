import { createHash } from 'node:crypto'

/** How one home's walled network is known: to the engine, as a bridge, and as tables of the firewall. */
export interface WallNames {
  /** The engine's network, and its bridge: Linux takes 15 characters. */
  network: string
  /** Tables that the daemon makes. */
  table: string
  /** Tables that an administrator makes. */
  preparedTable: string
}

/** Of a home, by its id: no other has them, and any daemon of it finds them again. */
export function wallNames(instance: string): WallNames {
  const short = hashOf(instance).slice(0, 8)
  return {
    network: `drover-${short}`,
    table: `drover_${short}`,
    preparedTable: `drover_${short}_prepared`,
  }
}

/** The port to prepare for a home's door: below those that systems give to connections of their own. */
export function portToPrepare(instance: string): number {
  return 20_000 + (Number.parseInt(hashOf(instance).slice(8, 16), 16) % 12_000)
}

function hashOf(instance: string): string {
  return createHash('sha256').update(instance).digest('hex')
}

export interface WallRules {
  table: string
  bridge: string
  /** Of the agents' door. */
  port: number
  /**
   * Addresses on the bridge, as `172.18.0.0/16`, for kernels that can't tell in a rule which bridge a
   * frame is on; null: they can.
   */
  subnet: string | null
}

/**
 * What keeps programs on a bridge from this machine, from everything beyond it, and from each other,
 * for `nft -f -`: all of it or nothing. Of this machine they reach the door, at the bridge's own
 * address; what this machine asked of them they may answer. May be said again, and concerns nobody else.
 */
export function wallRules({ table, bridge, port, subnet }: WallRules): string {
  const frames =
    subnet === null
      ? [`meta ibrname "${bridge}" drop`]
      : [`ip saddr ${subnet} ip daddr ${subnet} drop`, `arp saddr ip ${subnet} drop`]
  const packets = [
    chain('input', [
      `iifname "${bridge}" fib daddr . iif type local tcp dport ${port} accept`,
      `iifname "${bridge}" ct state established ct direction reply accept`,
      `iifname "${bridge}" drop`,
    ]),
    chain('forward', [`iifname "${bridge}" drop`, `oifname "${bridge}" drop`]),
  ]
  return tableOf('inet', table, packets) + tableOf('bridge', table, [chain('forward', frames)])
}

/** Takes the tables away; fine where they are not there. */
export function noRules(table: string): string {
  return ['inet', 'bridge']
    .map((family) => `table ${family} ${table}\ndelete table ${family} ${table}\n`)
    .join('')
}

/** Emptied and not deleted first: its going is what `RuleWatch` waits for. */
function tableOf(family: 'inet' | 'bridge', table: string, chains: readonly string[]): string {
  const head = `table ${family} ${table}\nflush table ${family} ${table}\n`
  return `${head}table ${family} ${table} {\n${chains.join('')}}\n`
}

/** Before those of others at the same place: what is dropped here is dropped. */
function chain(hook: 'input' | 'forward', rules: readonly string[]): string {
  const lines = [`type filter hook ${hook} priority -10; policy accept;`, ...rules]
  return `  chain ${hook} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`
}
