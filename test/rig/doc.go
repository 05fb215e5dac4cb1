// Package rig is everything that a provider trusts and asks, as one object: CAs, registries with faults, signed images, revocation and
// timestamp endpoints, trust files, and a client that asks a provider exactly as Gatekeeper does.
//
// Everything is real (TLS, registries, signatures, CRLs, tokens) and stays on loopback, so that a test or a demo shows
// what production would do:
//
//   - [New] makes an [Env]; [ForTest] makes one that cleans up after a test and fails it on any error.
//   - [Env.Registry] starts a registry. Its [FaultInjector] makes it fail on demand and remembers what it was asked.
//   - [Registry.PushImage] and [Env.Sign] put content there, also content that is wrong in a chosen way ([Defect]).
//     Both go past the fault injector: faults hit, and the log counts, only what comes over the network.
//   - [Env.NewPKI] makes further CAs, revocable ones too; [Env.Endpoints] speaks for them.
//   - [RevocationServer] remembers what a CA revoked and publishes it as a CRL and over OCSP. [TSA] is an RFC 3161 timestamp
//     authority, over HTTP or in the process.
//   - [Env.Trust] writes what a provider trusts, [Env.WriteServerFiles] its TLS files, [WriteDockerConfig] its credentials.
//   - [Env.GatekeeperClient] asks.
package rig
