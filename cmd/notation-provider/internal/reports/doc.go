// Package reports puts together what runs in a cluster, why it is trusted, and what ends when.
//
//   - [Collection] groups the images that objects use: each is asked about once, by the digest that runs where the
//     container runtime reports one.
//   - [Build] makes a [Report] of the verdicts and the exceptions.
//   - [Report.Table], [Report.CSV], [Report.JSON] and [Report.HTML] print it. [Parse] reads the JSON again.
package reports
