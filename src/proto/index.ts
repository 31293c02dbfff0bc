/** The generated messages and the service of A2A 1.0, for Connect clients of one's own. */
// biome-ignore lint/performance/noReExportAll: the generated module is all that this entry is
export * from '../../gen/lf/a2a/v1/a2a_pb.js'
