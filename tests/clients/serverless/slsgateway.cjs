// Loaded before a program: what it sends to the domain of the hosted service goes to a local gateway, and Host stays as it was.
'use strict'

const http = require('node:http')
const https = require('node:https')

const { events, config } = JSON.parse(process.env.SLSGATEWAY)
const elsewhere = https.request

https.request = (options, ...others) => {
  if (!options.hostname?.endsWith('.slsgateway.com')) return elsewhere(options, ...others)
  const { hostname, port } = new URL(options.hostname === 'config.slsgateway.com' ? config : events)
  const headers = { ...options.headers, host: options.hostname }
  return http.request({ ...options, protocol: 'http:', host: hostname, hostname, port, agent: undefined, headers }, ...others)
}
