/** What more labels would bring, before anything was measured. */
export default [{ name: 'data-gains', view: 'data', params: { part: 'gains' } }]
