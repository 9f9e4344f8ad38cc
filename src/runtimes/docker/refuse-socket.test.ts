import { symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { Container } from '../../schema/container.ts'
import { refuseSocket } from './refuse-socket.ts'

it('what shows the socket of the engine that is used is refused, whatever way leads there', async () => {
  using folder = temporaryFolder()
  const socket = path.join(folder.path, 'engine')
  const link = path.join(folder.path, 'link')
  writeFileSync(socket, '')
  symlinkSync(socket, link)
  const check = async (source: string, engineSocket = false): Promise<void> =>
    await refuseSocket(
      { folders: [], container: Container.parse({ mounts: [{ source }], engineSocket }) },
      link,
    )
  for (const source of [socket, folder.path, '/']) {
    await expect(check(source)).rejects.toMatchObject({ code: 'invalid_mount' })
    await expect(check(source, true)).resolves.toBeUndefined()
  }
  await expect(check(`${socket}-other`)).resolves.toBeUndefined()
  const container = Container.parse({})
  await expect(refuseSocket({ folders: [folder.path], container }, link)).rejects.toThrow('socket')
  await expect(refuseSocket({ folders: [folder.path], container }, null)).resolves.toBeUndefined()
})
