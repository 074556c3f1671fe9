// The framework's AWS provider, with a CloudFormation that keeps the stack in a file of the service's folder.
'use strict'

const fs = require('node:fs')
const path = require('node:path')

const ACCOUNT = '123456789012'

class Aws {
  constructor (serverless) {
    this.service = serverless.service
    this.stack = path.join(serverless.config.servicePath, 'stack.json')
    this.naming = {
      getStackName: () => `${this.service.service}-${this.getStage()}`,
      getLambdaLogicalId: key => `${capital(key)}LambdaFunction`,
      getLambdaVersionOutputLogicalId: key => `${capital(key)}LambdaFunctionQualifiedArn`
    }
    this.hooks = {
      'package:initialize': () => { this.service.provider.compiledCloudFormationTemplate = { Resources: {}, Outputs: {} } },
      'package:compileFunctions': () => Object.entries(this.service.functions).forEach(each => this.compile(...each)),
      'package:finalize': () => Object.assign(this.template.Resources, this.service.resources?.Resources),
      'deploy:deploy': () => fs.writeFileSync(this.stack, JSON.stringify(this.outputs())),
      'remove:remove': () => fs.rmSync(this.stack)
    }
  }

  get template () {
    return this.service.provider.compiledCloudFormationTemplate
  }

  getStage () {
    return this.service.provider.stage
  }

  getRegion () {
    return this.service.provider.region
  }

  async request (service, method, { StackName }) {
    if (service !== 'CloudFormation' || method !== 'describeStacks' || StackName !== this.naming.getStackName()) {
      throw new Error(`${service}.${method} of ${StackName}: nobody answers that here`)
    }
    return { Stacks: [{ StackName, Outputs: JSON.parse(fs.readFileSync(this.stack, 'utf8')) }] }
  }

  compile (key, { name }) {
    const id = this.naming.getLambdaLogicalId(key)
    const version = `${capital(key)}LambdaVersion`
    this.template.Resources[id] = { Type: 'AWS::Lambda::Function', Properties: { FunctionName: name } }
    this.template.Resources[version] = { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: id } } }
    this.template.Outputs[this.naming.getLambdaVersionOutputLogicalId(key)] = { Value: { Ref: version } }
  }

  outputs () {
    return Object.entries(this.template.Outputs).map(([OutputKey, { Value }]) => ({ OutputKey, OutputValue: this.resolve(Value) }))
  }

  resolve (value) {
    if (typeof value === 'string') return value
    const [id, attribute] = value['Fn::GetAtt'] ?? [value.Ref]
    const { Type, Properties } = this.template.Resources[id]
    switch (Type) {
      case 'AWS::Lambda::Function': return Properties.FunctionName
      case 'AWS::Lambda::Version':
        return `arn:aws:lambda:${this.getRegion()}:${ACCOUNT}:function:${this.resolve(Properties.FunctionName)}:1`
      case 'AWS::IAM::AccessKey': return attribute === 'SecretAccessKey' ? 'stack-secret' : 'AKIASTACK'
      default: throw new Error(`${Type} has no ${attribute ?? 'Ref'} here`)
    }
  }
}

const capital = text => text[0].toUpperCase() + text.slice(1)

module.exports = { Aws }
