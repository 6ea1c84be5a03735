/** What the model viewer is told about a file, and what training would do with each of its nodes. */
import { describe, expect, it } from 'vitest'
import { TagwrightError } from '@shared/base/errors'
import { describeCatalogModel } from '@shared/catalog/describe-catalog-model'
import { weightsBefore } from '@shared/catalog/imported/graft'
import { describeNetwork } from '@shared/catalog/imported/describe-network'
import { modelInfo } from '@shared/catalog/model-info'
import { networkSchema, type Network } from '@shared/contract/models'
import { decodeOnnx, type OnnxModel } from '@shared/engine/onnx/decode'
import { tinyNetwork } from '../../helpers/tiny-network'
import { drawnGraph, openAtFirst, scopesOf } from '../../../src-renderer/panels/models/group-nodes'
import { nodeStates } from '../../../src-renderer/panels/models/node-states'

const describeTiny = (model: OnnxModel = decodeOnnx(tinyNetwork())): Network =>
  networkSchema.parse(describeNetwork(model, { file: '/tiny.onnx', title: 'tiny.onnx', bytes: 1 }))

describe('a file', () => {
  it('is told with shapes, parameters and costs', () => {
    const network = describeTiny()
    const stem = network.nodes.find(({ op }) => op === 'Conv')!
    expect(stem).toMatchObject({ scope: 'stem', parameters: 8 * 3 * 9, macs: 32 * 32 * 8 * 27 })
    expect(stem.outputs[0].shape).toEqual([1, 8, 32, 32])
    expect(network.nodes.filter(({ op }) => op === 'Conv').map(({ field }) => field)).toEqual([3, 7, 15, 31, 63])
    expect(network.parameters).toBe(network.nodes.reduce((sum, { parameters }) => sum + parameters, 0))
    expect(network.gmacs! * 1e9).toBeCloseTo(
      network.nodes.reduce((sum, { macs }) => sum + macs!, 0),
      3,
    )
    expect(network).toMatchObject({ side: 64, problem: null, opset: 17 })
    // Strides 2 to 32, the last wide map of each.
    expect(network.nodes.filter(({ feature }) => feature).map(({ feature }) => feature!.stride)).toContain(32)
    expect(network.suggested.detect).toHaveLength(3)
    expect(network.suggested.classify).toHaveLength(1)
  })
  it('lists nodes after those whose values they take, in whatever order the file has them', () => {
    const model = decodeOnnx(tinyNetwork())
    model.graph.nodes.reverse()
    for (const [i, { inputs }] of describeTiny(model).nodes.entries())
      for (const { from } of inputs) expect(from ?? -1).toBeLessThan(i)
  })
  it('with a cycle is refused by the name of one of its nodes', () => {
    const model = decodeOnnx(tinyNetwork())
    const [first] = model.graph.nodes
    first.inputs[0] = model.graph.nodes.at(-1)!.outputs[0]
    const error = (() => {
      try {
        describeTiny(model)
      } catch (thrown) {
        return thrown as TagwrightError
      }
    })()
    expect(error).toMatchObject({ code: 'bad-model' })
    expect(error!.message).toMatch(/form a cycle through "/)
  })
  it('of an operator set that is not read is drawn all the same, and says why shapes are missing', () => {
    const model = decodeOnnx(tinyNetwork())
    model.info.opset = 99
    const network = describeTiny(model)
    expect(network.problem).toMatch(/operator set 99/)
    expect(network.gmacs).toBeNull()
    expect(network.suggested.detect).toBeNull()
    expect(network.nodes.length).toBeGreaterThan(5)
  })
  it('with an unknown op says which nodes cannot be trained, and why', () => {
    const model = decodeOnnx(tinyNetwork())
    const at = model.graph.nodes.findIndex(({ op }) => op === 'Relu')
    model.graph.nodes[at].op = 'Loop'
    const network = describeTiny(model)
    expect(network.nodes[at].problem).toBe('how often it runs is known only when it runs')
    expect(network.nodes.at(-1)!.problem).toMatch(/^it needs .*, which cannot be imported$/)
    const states = nodeStates(network, { features: [], from: null })
    expect(states[at]).toBe('blocked')
  })
})

describe('a model of the catalog', () => {
  it('costs what the list of models says', () => {
    const settings = { id: 'yolox-nano', params: {}, surgery: [], classes: 3, side: 64 }
    const network = networkSchema.parse(describeCatalogModel({ ...settings, freeze: ['backbone.'] }))
    const info = modelInfo('yolox-nano', 3, 64)
    expect(network.parameters).toBe(info.parameters)
    expect(network.gmacs).toBe(info.gmacs)
    expect(Math.max(...network.nodes.map(({ field }) => field ?? 0))).toBe(info.receptiveField)
    const states = nodeStates(network, { features: [], from: null })
    for (const [i, node] of network.nodes.entries())
      if (node.parameters > 0) expect(states[i]).toBe(node.name.startsWith('backbone.') ? 'frozen' : 'trained')
  })
})

describe('what training does', () => {
  it('agrees with the freezing of the recipe, for every node', () => {
    const model = decodeOnnx(tinyNetwork())
    const network = describeTiny(model)
    const features = network.suggested.classify!
    network.nodes.forEach((node, i) => {
      const states = nodeStates(network, { features, from: i })
      if (states[i] === 'out') return
      const frozen = weightsBefore(model, node.name, features, 64)
      for (const [k, other] of network.nodes.entries()) {
        const weight = other.inputs.find(({ held }) => held)?.name
        if (other.parameters === 0 || states[k] === 'out' || weight === undefined) continue
        expect([other.name, states[k]]).toEqual([other.name, frozen.has(`trunk.${weight}`) ? 'frozen' : 'trained'])
      }
    })
  })
  it('leaves out what no feature needs', () => {
    const network = describeTiny()
    const first = network.nodes.find(({ feature }) => feature)!
    const states = nodeStates(network, { features: [first.feature!.name], from: 'all' })
    expect(states.at(-1)).toBe('out')
    expect(states).not.toContain('trained')
    expect(states).toContain('frozen')
  })
})

describe('parts', () => {
  it('fold into one box each, with every edge to the outside once', () => {
    const network = describeTiny()
    expect(scopesOf(network).get('stages')).toBeGreaterThan(4)
    const folded = drawnGraph(network, new Set())
    expect(folded.boxes.filter(({ node }) => node === null).length).toBeGreaterThan(0)
    expect(folded.boxes.flatMap(({ members }) => members).length).toBe(network.nodes.length)
    expect(new Set(folded.edges.map(String)).size).toBe(folded.edges.length)
    const open = drawnGraph(network, new Set(scopesOf(network).keys()))
    expect(open.boxes.length).toBe(network.nodes.length)
    expect(drawnGraph(network, openAtFirst(network, 6)).boxes.length).toBeLessThanOrEqual(7)
  })
})
