/** Reads what the kernel says of some processes, again and again. usage: read-processes INTERVAL_MS PID... */
import { readFileSync } from 'node:fs'

const [interval = '', ...pids] = process.argv.slice(2)
setInterval(() => {
  for (const pid of pids) {
    readFileSync(`/proc/${pid}/stat`, 'utf8')
  }
}, Number(interval))
