package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What Terraform leaves to the provider: an attribute that only the provider sets, and values out of a fixed list.
func (b block) problems(value tftypes.Value, path *tftypes.AttributePath) []*tfprotov5.Diagnostic {
	var members map[string]tftypes.Value
	if value.IsNull() || !value.IsKnown() || value.As(&members) != nil {
		return nil
	}
	var found []*tfprotov5.Diagnostic
	for name, one := range b.Attributes {
		if text := one.problem(members[name]); text != "" {
			found = append(found, &tfprotov5.Diagnostic{
				Severity: tfprotov5.DiagnosticSeverityError, Summary: text, Detail: fmt.Sprintf("The attribute is %q.", name),
				Attribute: path.WithAttributeName(name),
			})
		}
	}
	for name, one := range b.Blocks {
		found = append(found, one.problems(members[name], path.WithAttributeName(name))...)
	}
	return found
}

func (a attribute) problem(value tftypes.Value) string {
	if value.IsNull() || !value.IsKnown() {
		return ""
	}
	if a.Use == "c" {
		return "Only the provider sets this attribute"
	}
	var text string
	if len(a.Values) == 0 || !value.Type().Is(tftypes.String) || value.As(&text) != nil {
		return ""
	}
	if slices.Contains(a.Values, text) || text == "" {
		return ""
	}
	return fmt.Sprintf("%q is none of the values %s", text, strings.Join(a.Values, ", "))
}

func (n nested) problems(value tftypes.Value, path *tftypes.AttributePath) []*tfprotov5.Diagnostic {
	if value.IsNull() || !value.IsKnown() {
		return nil
	}
	if n.Nesting == "single" {
		return n.Block.problems(value, path)
	}
	var found []*tfprotov5.Diagnostic
	var several []tftypes.Value
	if value.As(&several) == nil {
		for index, one := range several {
			at := path
			if n.Nesting == "list" {
				at = path.WithElementKeyInt(index)
			}
			found = append(found, n.Block.problems(one, at)...)
		}
	}
	return found
}
