// Package layout keeps a PKI in a folder, one generation of a certificate beside the other:
//
//	pki/
//	  root/1/            cert.pem  key.pem  chain.pem        the newest generation is the highest number
//	    issued/            one certificate a file, named by its serial number
//	    crl/               1.crl 2.crl …  in DER, the newest is the highest number
//	  intermediate/1/    cert.pem  key.pem  chain.pem  issued/  crl/
//	  signer/1/          cert.pem  key.pem  chain.pem
//	  signer/2/          cert.pem  key.pem  chain.pem
//
// chain.pem leads from the certificate to the root, both included, so that a generation can be carried away alone. A CA
// issues from its own folder, without its issuer's. There is no key.pem where the key lives elsewhere.
//
// Nothing in it is ever overwritten, and what is written is there whole or not at all. Folders are made with mode 0700,
// files with 0600.
package layout
