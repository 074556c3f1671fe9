// Calls methods of the SDK one after the other, as standard input tells, and prints what became of each.
'use strict'

const fs = require('node:fs')
const EventGateway = require('@serverless/event-gateway-sdk')

const { options, redirects, calls } = JSON.parse(fs.readFileSync(0, 'utf8'))

const elsewhere = (url, request) => fetch(Object.entries(redirects).reduce((to, each) => to.replace(...each), url), request)
const gateway = new EventGateway({ ...options, ...(Object.keys(redirects).length && { fetch: elsewhere }) })

const plain = async value => {
  if (typeof value?.text !== 'function') return value
  const headers = {}
  value.headers.forEach((text, name) => { headers[name] = text })
  return { status: value.status, headers, body: await value.text() }
}

async function call ([method, ...given]) {
  if (method === 'config') return { value: gateway.config }
  try {
    return { value: await plain(await gateway[method](...given)) }
  } catch ({ name, message }) {
    return { failure: { kind: name, message } }
  }
}

async function main () {
  const outcomes = []
  for (const each of calls) outcomes.push(await call(each))
  console.log(JSON.stringify(outcomes))
}

main()
