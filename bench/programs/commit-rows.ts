/**
 * One row after the other into a new SQLite database, each in a synced commit of its own. Prints how
 * many a second. usage: commit-rows DATABASE COUNT
 */
import { DatabaseSync } from 'node:sqlite'

const [file = '', count = ''] = process.argv.slice(2)
const database = new DatabaseSync(file)
database.exec(
  `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
   CREATE TABLE messages (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL) STRICT`,
)
const insert = database.prepare('INSERT INTO messages (id, body) VALUES (?, ?)')
const begun = performance.now()
for (let number = 0; number < Number(count); number++) {
  insert.run(`message-${number}`, `Please look at number ${number}.`)
}
process.stdout.write(`${(1000 * Number(count)) / (performance.now() - begun)}\n`)
database.close()
