export * from '@xterm/xterm'
