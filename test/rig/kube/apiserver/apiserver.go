// Package apiserver is a module of its own, so that a Kubernetes API server can be built from its source
// without the program's own module knowing of it: make e2e-kubernetes does so.
package apiserver

import _ "k8s.io/kubernetes/cmd/kube-apiserver/app"
