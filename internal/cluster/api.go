package cluster

import (
	"context"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// secretsOnly is a client that knows the core group's types alone. client-go's own typed clients bring
// the types of every group there is, 33 MB of them.
func secretsOnly(cfg *rest.Config) (*rest.RESTClient, error) {
	scheme := runtime.NewScheme()
	if err := core.AddToScheme(scheme); err != nil {
		return nil, err
	}
	meta.AddToGroupVersion(scheme, core.SchemeGroupVersion)
	cfg = rest.CopyConfig(cfg)
	cfg.APIPath, cfg.GroupVersion = "/api", &core.SchemeGroupVersion
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	return rest.RESTClientFor(cfg)
}

func (c *Cluster) get(ctx context.Context) (*core.Secret, error) {
	var found core.Secret
	err := c.api.Get().Namespace(c.o.Namespace).Resource("secrets").Name(c.o.Secret).Do(ctx).Into(&found)
	return &found, err
}

// send makes or changes the Secret and gives it as the cluster has it then.
func (c *Cluster) send(ctx context.Context, r *rest.Request, s *core.Secret) (*core.Secret, error) {
	var stored core.Secret
	err := r.Namespace(c.o.Namespace).Resource("secrets").Body(s).Do(ctx).Into(&stored)
	return &stored, err
}
