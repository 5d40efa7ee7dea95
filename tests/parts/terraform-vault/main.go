// A stand-in for the provider hashicorp/vault of Terraform, which cannot be had where these tests run: the four
// resources that deploy/vault/terraform uses, with the attributes that the provider's documentation gives them (by
// their names in Vault's API), and what they do at a real Vault. An attribute that it does not know is an error, as
// with the provider. It cannot show what the provider itself would refuse.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
)

func main() {
	plugin.Serve(&plugin.ServeOpts{ProviderFunc: provider})
}

func provider() *schema.Provider {
	return &schema.Provider{
		ResourcesMap: map[string]*schema.Resource{
			"vault_policy": resource("PUT", "sys/policies/acl/{name}", fields{
				"name":   required(schema.TypeString),
				"policy": required(schema.TypeString),
			}),
			"vault_auth_backend": resource("POST", "sys/auth/{path}", fields{
				"type": required(schema.TypeString),
				"path": optional(schema.TypeString),
			}),
			"vault_approle_auth_backend_role": resource("POST", "auth/{backend}/role/{role_name}", with(tokenFields(), fields{
				"backend":               optional(schema.TypeString),
				"role_name":             required(schema.TypeString),
				"role_id":               {Type: schema.TypeString, Optional: true, Computed: true},
				"secret_id_ttl":         optional(schema.TypeInt),
				"secret_id_num_uses":    optional(schema.TypeInt),
				"secret_id_bound_cidrs": set(),
			})),
			"vault_kubernetes_auth_backend_role": resource("POST", "auth/{backend}/role/{role_name}", with(tokenFields(), fields{
				"backend":                          optional(schema.TypeString),
				"role_name":                        required(schema.TypeString),
				"bound_service_account_names":      set(),
				"bound_service_account_namespaces": set(),
				"audience":                         optional(schema.TypeString),
			})),
		},
	}
}

type fields = map[string]*schema.Schema

func tokenFields() fields {
	return fields{
		"token_policies":          set(),
		"token_no_default_policy": optional(schema.TypeBool),
		"token_period":            optional(schema.TypeInt),
		"token_ttl":               optional(schema.TypeInt),
		"token_type":              optional(schema.TypeString),
		"token_bound_cidrs":       set(),
	}
}

func required(kind schema.ValueType) *schema.Schema {
	return &schema.Schema{Type: kind, Required: true, ForceNew: true}
}

func optional(kind schema.ValueType) *schema.Schema {
	return &schema.Schema{Type: kind, Optional: true, ForceNew: true}
}

func set() *schema.Schema {
	return &schema.Schema{
		Type: schema.TypeSet, Optional: true, ForceNew: true, Elem: &schema.Schema{Type: schema.TypeString},
	}
}

func with(a, b fields) fields {
	for name, field := range b {
		a[name] = field
	}
	return a
}

// Fields that are parts of the path or Vault's own to give.
var notSent = map[string]bool{"name": true, "path": true, "backend": true, "role_name": true, "role_id": true}

func resource(method, path string, all fields) *schema.Resource {
	create := func(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
		at := filledIn(path, d, all)
		body := map[string]any{}
		for name := range all {
			if value := d.Get(name); !notSent[name] {
				if set, is := value.(*schema.Set); is {
					value = set.List()
				}
				body[name] = value
			}
		}
		if _, err := ask(method, at, body); err != nil {
			return diag.FromErr(err)
		}
		d.SetId(at)
		if _, has := all["role_id"]; has {
			answer, err := ask("GET", at+"/role-id", nil)
			if err != nil {
				return diag.FromErr(err)
			}
			return diag.FromErr(d.Set("role_id", answer["role_id"]))
		}
		return nil
	}
	// It looks at nothing: what was created is taken to be there.
	read := func(context.Context, *schema.ResourceData, any) diag.Diagnostics { return nil }
	remove := func(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
		_, err := ask("DELETE", d.Id(), nil)
		return diag.FromErr(err)
	}
	result := &schema.Resource{CreateContext: create, ReadContext: read, DeleteContext: remove, Schema: all}
	for _, field := range all {
		if field.Computed {
			field.ForceNew = true
		}
	}
	return result
}

func filledIn(path string, d *schema.ResourceData, all fields) string {
	for name := range all {
		path = string(bytes.ReplaceAll([]byte(path), []byte("{"+name+"}"), []byte(fmt.Sprint(d.Get(name)))))
	}
	return path
}

func ask(method, path string, body map[string]any) (map[string]any, error) {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, os.Getenv("VAULT_ADDR")+"/v1/"+path, &sent)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Vault-Token", os.Getenv("VAULT_TOKEN"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var read struct {
		Data   map[string]any
		Errors []string
	}
	// A 204 has no body.
	_ = json.NewDecoder(answer.Body).Decode(&read)
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s %v", method, path, answer.Status, read.Errors)
	}
	return read.Data, nil
}
