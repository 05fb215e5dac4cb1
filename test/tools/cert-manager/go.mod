// Where the tests of the chart find the CRDs of cert-manager. Nothing of it is built.
module gitlab.com/ska-telescope/notation-provider/test/tools/cert-manager

go 1.26.0

tool github.com/cert-manager/cert-manager/pkg/apis/certmanager

require github.com/cert-manager/cert-manager v1.21.2 // indirect
