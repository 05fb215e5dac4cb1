// Package registry asks OCI registries what a tag stands for, which signatures refer to
// a digest, and for the signatures' envelopes. It is part of step 7 of a request's life.
//
// It supports registries as they are, and not only as the distribution specification has
// them: Normalize completes answers that say too little, and Remote looks for signatures
// wherever a registry may list them.
//
// Each host has its own connections, certificate authorities and credentials, which are
// never used for another host. Package login finds the credentials and logs in. A mirror
// is asked first, with its own settings, and the image's own host after it. Errors are
// provider.ErrNotFound for a 404, provider.ErrNoEnvelope for a malformed signature, and
// otherwise a provider.UndecidedError: a registry never decides.
package registry
