// Package login finds the credential of a registry in docker configs, and logs in with it in a way that the registry
// offers.
//
// A [Config] is one file in the form of ~/.docker/config.json. Credentials are looked up by host: each key of the file is
// brought to the one spelling that a host has here, and an entry that cannot be used concerns its host alone. A [Client]
// reads every challenge of a 401 answer, takes Bearer before Basic, and the other one where the first is refused.
//
// No error, warning or log line of this package holds a password, a token or the text that one was read from.
package login
