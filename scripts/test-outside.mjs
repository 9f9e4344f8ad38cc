/**
 * What the suites need that is no dependency of Drover: Debian packages, the real agent programs,
 * and the oldest Node we promise to run on. Programs go to a cache of their own, never into the project.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { PrepareError, pinnedNode } from './prepare.mjs'

/** Debian packages: the program each brings, and what it is for. */
const debianPackages = [
  {
    feature: 'tmux',
    package: 'tmux',
    program: 'tmux',
    reason: 'the end-to-end tests drive a real terminal through it',
  },
  {
    feature: 'chromium',
    package: 'chromium',
    program: 'chromium',
    reason: 'the end-to-end tests open the page of a terminal in it',
  },
  {
    feature: 'python3',
    package: 'python3',
    program: 'python3',
    reason: 'it runs the example of a runner in Python',
  },
  {
    feature: 'zsh',
    package: 'zsh',
    program: 'zsh',
    reason: 'it reads the completion script made for it',
  },
  {
    feature: 'fish',
    package: 'fish',
    program: 'fish',
    reason: 'it reads the completion script made for it',
  },
  {
    feature: 'docker',
    package: 'docker.io',
    program: 'dockerd',
    reason: 'the tests of supervised units run on a machine made in a container',
  },
  {
    feature: 'docker',
    package: 'nftables',
    program: 'nft',
    reason: 'network policies of containers are kept by rules of the firewall',
  },
  {
    feature: 'systemd',
    package: 'mmdebstrap',
    program: 'mmdebstrap',
    reason: 'it makes the image of that machine',
  },
]

/** An image for the Docker of the tests: a small Debian with systemd and a user whose manager lingers. */
const systemdImage = {
  feature: 'systemd',
  variable: 'DROVER_TEST_SYSTEMD',
  /** To be counted up with each change below. */
  file: 'debian-systemd-1.tar',
  reason: 'the tests of supervised units need a machine that systemd runs',
  args: [
    '--quiet',
    '--variant=apt',
    // The last three: what Node needs, and what tests look with.
    '--include=systemd,systemd-sysv,dbus,libpam-systemd,ca-certificates,git,tmux,libatomic1,procps,iproute2',
    '--customize-hook=chroot "$1" useradd --create-home --shell /bin/sh ada',
    '--customize-hook=mkdir -p "$1/var/lib/systemd/linger"',
    '--customize-hook=touch "$1/var/lib/systemd/linger/ada"',
    'bookworm',
  ],
}

/** npm packages, at the versions the suites were written against. */
const npmPrograms = [
  {
    feature: 'claude',
    package: '@anthropic-ai/claude-code@2.1.329',
    file: 'node_modules/.bin/claude',
    reason: 'the provider tests drive the real Claude Code, offline',
  },
  {
    feature: 'codex',
    package: '@openai/codex@0.169.0',
    file: 'node_modules/.bin/codex',
    reason: 'the provider tests drive the real Codex, offline',
  },
  {
    feature: 'opencode',
    package: 'opencode-ai@1.18.33',
    file: 'node_modules/.bin/opencode',
    reason: 'the provider tests drive the real OpenCode, offline',
  },
  {
    feature: 'gemini',
    package: '@google/gemini-cli@0.61.0',
    file: 'node_modules/.bin/gemini',
    reason: 'the provider tests drive the real Gemini CLI, offline',
  },
  {
    feature: 'node-floor',
    package: `node-${process.platform}-${process.arch}@24.15.0`,
    file: `node_modules/node-${process.platform}-${process.arch}/bin/node`,
    reason: 'a small run proves the oldest Node.js we promise to run on',
  },
]

/** Brings what is missing where it may. Resolves to the environment that tells the suites where things are. */
export async function prepareOutside() {
  const env = {}
  for (const wanted of debianPackages) {
    if (!isOnPath(wanted.program) && !installDebian(wanted)) {
      skip(wanted, `apt-get install ${wanted.package}`)
    }
  }
  for (const wanted of npmPrograms) {
    const name = `DROVER_TEST_${wanted.feature.toUpperCase().replaceAll('-', '_')}`
    const file = process.env[name] ?? installNpm(wanted)
    if (file) {
      env[name] = file
    } else {
      skip(wanted, `npm install --prefix ${cacheFolder(wanted)} ${wanted.package}`)
    }
  }
  const image = process.env[systemdImage.variable] ?? buildImage(systemdImage)
  if (image) {
    env[systemdImage.variable] = image
  } else {
    skip(systemdImage, `mmdebstrap, as scripts/test-outside.mjs calls it (root)`)
  }
  return env
}

/** The image's tar in the cache, made when it is not there; null when that fails. */
function buildImage({ file: name, reason, args }) {
  const file = path.join(cacheRoot(), name)
  if (existsSync(file)) {
    return file
  }
  if (process.getuid?.() !== 0 || !isOnPath('mmdebstrap')) {
    return null
  }
  console.log(`making ${name} in the test cache: ${reason}`)
  mkdirSync(cacheRoot(), { recursive: true })
  const draft = path.join(cacheRoot(), `new-${process.pid}-${name}`)
  const { status } = spawnSync('mmdebstrap', [...args, draft], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status === 0 && existsSync(draft)) {
    renameSync(draft, file)
    return file
  }
  rmSync(draft, { force: true })
  return null
}

function installDebian({ package: name, program, reason }) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version') || !isOnPath('apt-get')) {
    return false
  }
  console.log(`installing the Debian package ${name}: ${reason}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', DEBCONF_NOWARNINGS: 'yes' }
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  if (install().status !== 0) {
    spawnSync('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    install()
  }
  return isOnPath(program)
}

/** The program's path in the cache, installed under the pinned Node when it is not there; null when that fails. */
function installNpm(wanted) {
  const folder = cacheFolder(wanted)
  const file = path.join(folder, wanted.file)
  if (existsSync(file)) {
    return file
  }
  console.log(`installing ${wanted.package} into the test cache: ${wanted.reason}`)
  const draft = `${folder}.${process.pid}.new`
  mkdirSync(draft, { recursive: true })
  const env = {
    ...process.env,
    PATH: `${path.dirname(pinnedNode())}${path.delimiter}${process.env.PATH}`,
  }
  const args = [
    'install',
    '--prefix',
    draft,
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--loglevel=error',
    wanted.package,
  ]
  const { status } = spawnSync('npm', args, {
    env,
    cwd: draft,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status === 0 && existsSync(path.join(draft, wanted.file))) {
    rmSync(folder, { recursive: true, force: true })
    renameSync(draft, folder)
    return file
  }
  rmSync(draft, { recursive: true, force: true })
  return null
}

function cacheRoot() {
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache')
  return path.join(cache, 'drover-test')
}

function cacheFolder({ package: name }) {
  return path.join(cacheRoot(), name.replaceAll(/[@/]+/g, '-').replace(/^-/, ''))
}

function skip({ feature, reason }, command) {
  const required = (process.env.REQUIRE ?? '').split(',')
  if (required.includes('all') || required.includes(feature)) {
    throw new PrepareError(
      `${feature} is required and can't be had here: ${reason}. By hand: ${command}`,
    )
  }
  console.log(`skipping what needs ${feature} (${reason}); to have it: ${command}`)
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
