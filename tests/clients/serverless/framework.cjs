// What a plugin sees of the Serverless Framework 1.x: the service, and commands whose lifecycle events run hooks one after the other.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const yaml = require('js-yaml')
const { Aws } = require('./aws.cjs')

class Core {
  constructor (serverless) {
    this.commands = {
      package: {
        lifecycleEvents: [
          'cleanup', 'initialize', 'setupProviderConfiguration', 'createDeploymentArtifacts', 'compileFunctions', 'compileEvents', 'finalize'
        ]
      },
      deploy: { lifecycleEvents: ['deploy', 'finalize'] },
      remove: { lifecycleEvents: ['remove'] }
    }
    this.hooks = { 'before:deploy:deploy': () => serverless.run(['package']) }
  }
}

class Serverless {
  constructor (folder, options) {
    this.config = { servicePath: folder }
    this.service = readService(path.join(folder, 'serverless.yml'), options)
    this.cli = {
      consoleLog: message => console.log(message),
      log: message => console.log(`Serverless: ${message}`),
      generateCommandsHelp: ([name]) => console.log(Object.keys(this.commands[name].commands).join('\n'))
    }
    this.utils = { getLocalAccessKey: () => null }
    this.commands = {}
    this.hooks = []
    this.aws = new Aws(this, options)
    for (const plugin of [new Core(this), this.aws]) this.add(plugin)
    for (const name of this.service.plugins) this.add(new (require(name))(this, options))
  }

  getProvider (name) {
    return name === 'aws' ? this.aws : undefined
  }

  add (plugin) {
    Object.assign(this.commands, plugin.commands)
    this.hooks.push(...Object.entries(plugin.hooks))
  }

  async run (words, options = {}) {
    const command = words.reduce((found, word) => found?.commands?.[word], this)
    if (!command) throw new Error(`Serverless command "${words.join(' ')}" not found.`)
    for (const [name, { required }] of Object.entries(command.options ?? {})) {
      if (required && !options[name]) throw new Error(`This command requires the --${name} option.`)
    }
    for (const event of command.lifecycleEvents.map(event => [...words, event].join(':'))) {
      for (const moment of [`before:${event}`, event, `after:${event}`]) {
        for (const [name, hook] of this.hooks) if (name === moment) await hook()
      }
    }
  }
}

function readService (file, options) {
  const text = fs.readFileSync(file, 'utf8').replace(/\$\{env:(\w+)\}/g, (_, name) => process.env[name])
  const { service, provider, functions = {}, ...rest } = yaml.load(text)
  const stage = options.stage ?? provider.stage ?? 'dev'
  for (const [key, each] of Object.entries(functions)) {
    functions[key] = { events: [], name: `${service}-${stage}-${key}`, ...each }
  }
  return { service, provider: { region: 'us-east-1', ...provider, stage }, functions, plugins: [], ...rest }
}

module.exports = { Serverless }
