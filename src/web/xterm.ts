// The build puts the package itself in the place of this file: a browser knows no packages.
export { Terminal } from '@xterm/xterm'
