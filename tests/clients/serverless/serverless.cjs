#!/usr/bin/env node
// The command `serverless`, as far as the plugin needs it: deploy, remove, gateway emit --event NAME --data JSON, gateway dashboard
'use strict'

const { parseArgs } = require('node:util')
const { Serverless } = require('./framework.cjs')

const text = short => ({ type: 'string', ...(short && { short }) })
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { stage: text('s'), event: text('e'), data: text('d') }
})

function fail (error) {
  console.error(`Serverless Error: ${error.message}`)
  process.exitCode = 1
}

process.on('unhandledRejection', fail) // as the framework does; the plugin does not wait for what `gateway emit` sends
Promise.resolve().then(() => new Serverless(process.cwd(), values).run(positionals, values)).catch(fail)
