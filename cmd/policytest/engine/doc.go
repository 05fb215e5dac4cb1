// Package engine is Gatekeeper's own policy engine with external_data. It has the constraint framework, its Rego
// driver and its client for providers, as gator has them, without a cluster.
//
//   - [New] makes an [Engine] that knows some providers; [LoadIdentity] is who it is to them.
//   - [ReadObjects] and [Engine.Load] bring templates, constraints and whatever else templates look at.
//   - [Engine.Review] decides on an object, or on an AdmissionReview.
//   - [Client] is the engine as gator's suite runner wants it.
//
// OPA keeps one external_data for the whole process, that of the driver made last. Here each client has its own. It is put
// in place for each review, and reviews go one after the other, over connections of the client's own. So there may be many
// engines in a process, and their tests may be parallel, as long as no other package makes a driver.
package engine
