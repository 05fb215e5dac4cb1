// Package bundle writes what verifiers trust, in the folder that notation calls its configuration directory and
// notation-provider reads as well:
//
//	trustpolicy.json
//	truststore/x509/ca/images/root-1.pem
//	truststore/x509/tsa/timestamps/1a2b3c4d.pem
//	kubernetes/configmap.yaml                    all of the above, for a cluster
//	kubernetes/values.yaml                       how the chart mounts it
//	localkeys/images.{key,crt}                 only in a folder to sign with
//	signingkeys.json                             likewise
//
// A trust bundle holds no private key.
package bundle
