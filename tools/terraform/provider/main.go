// A Terraform provider that knows only a schema: it validates, and lets `terraform test` mock everything else.
//
// It is called terraform-provider-NAME, and reads schema.json in its own folder (see ../schema.py for the format).
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Type   json.RawMessage `json:"type"`
	Use    string          `json:"use"`
	Values []string        `json:"values"`
}

type nested struct {
	Nesting string `json:"nesting"`
	Min     int64  `json:"min"`
	Max     int64  `json:"max"`
	Block   block  `json:"block"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"blocks"`
}

type schema struct {
	Provider  block            `json:"provider"`
	Resources map[string]block `json:"resources"`
	Data      map[string]block `json:"data"`
}

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov5.SchemaNestedBlockNestingModeMap,
}

func main() {
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "terraform-provider-")
	known, err := read(filepath.Join(filepath.Dir(os.Args[0]), "schema.json"))
	if err == nil {
		made := newServer(known)
		factory := func() tfprotov5.ProviderServer { return made }
		err = tf5server.Serve("registry.terraform.io/hashicorp/"+name, factory)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(path string) (schema, error) {
	var known schema
	text, err := os.ReadFile(path)
	if err != nil {
		return known, err
	}
	return known, json.Unmarshal(text, &known)
}

func (b block) described() *tfprotov5.SchemaBlock {
	made := &tfprotov5.SchemaBlock{}
	for name, one := range b.Attributes {
		made.Attributes = append(made.Attributes, &tfprotov5.SchemaAttribute{
			Name:      name,
			Type:      one.shape(),
			Required:  strings.Contains(one.Use, "r"),
			Optional:  strings.Contains(one.Use, "o"),
			Computed:  strings.Contains(one.Use, "c"),
			WriteOnly: strings.Contains(one.Use, "w"),
		})
	}
	for name, one := range b.Blocks {
		made.BlockTypes = append(made.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Block: one.Block.described(), Nesting: nestings[one.Nesting],
			MinItems: one.Min, MaxItems: one.Max,
		})
	}
	return made
}

func (a attribute) shape() tftypes.Type {
	found, err := tftypes.ParseJSONType(a.Type)
	if err != nil {
		panic(fmt.Sprintf("schema.json: %s: %v", a.Type, err))
	}
	return found
}

func described(blocks map[string]block) map[string]*tfprotov5.Schema {
	made := map[string]*tfprotov5.Schema{}
	for name, one := range blocks {
		made[name] = &tfprotov5.Schema{Block: one.described()}
	}
	return made
}
