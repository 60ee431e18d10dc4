"""Schemas read from bindings: a resource in small, written as the generator writes it."""

import base64
import json

import pytest

from tools.terraform.bindings import Bindings, BindingsError, typescript

SOURCE = """
export interface ThingConfig extends cdktn.TerraformMetaArguments {
  /**
  * How it is stored. Possible values: ["HOT", "COLD"]
  *
  * Docs at Terraform Registry: {@link https://example.invalid/docs/resources/thing#kind Thing#kind}
  */
  readonly kind?: string;
  /**
  * Docs at Terraform Registry: {@link https://example.invalid/docs/resources/thing#name Thing#name}
  */
  readonly name: string;
}
export interface ThingRule {
  readonly days?: number;
}

export function thingRuleToHclTerraform(struct?: ThingRuleOutputReference | ThingRule): any {
  const attrs = {
    days: {
      value: cdktn.numberToHclTerraform(struct!.days),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
  };
  return attrs;
}

export class ThingRuleOutputReference extends cdktn.ComplexObject {
  // days - computed: false, optional: true, required: false
  private _days?: number; 
  public get days() {
    return this.getNumberAttribute('days');
  }
}
export class ThingRuleList extends cdktn.ComplexList {
}
export class ThingStateOutputReference extends cdktn.ComplexObject {
  // at - computed: true, optional: false, required: false
  public get at() {
    return this.getStringAttribute('at');
  }
}
export class ThingStateList extends cdktn.ComplexList {
}

/**
* Represents a thing.
*/
export class Thing extends cdktn.TerraformResource {
  public static readonly tfResourceType = "cloud_thing";

  // kind - computed: false, optional: true, required: false
  private _kind?: string; 
  public get kind() {
    return this.getStringAttribute('kind');
  }

  // name - computed: false, optional: false, required: true
  private _name?: string; 
  public get name() {
    return this.getStringAttribute('name');
  }

  // labels - computed: true, optional: true, required: false
  private _labels?: { [key: string]: string }; 
  public get labels() {
    return this.getStringMapAttribute('labels');
  }

  // zones - computed: false, optional: true, required: false
  private _zones?: string[]; 
  public get zones() {
    return cdktn.Fn.tolist(this.getListAttribute('zones'));
  }

  // secret_wo - computed: false, optional: true, required: false
  private _secretWo?: string; 
  public get secretWo() {
    return this.getStringAttribute('secret_wo');
  }

  // state - computed: true, optional: false, required: false
  private _state = new ThingStateList(this, "state", false);
  public get state() {
    return this._state;
  }

  // rule - computed: false, optional: false, required: true
  private _rule = new ThingRuleList(this, "rule", true);
  public get rule() {
    return this._rule;
  }

  // first - computed: false, optional: true, required: false
  private _first = new ThingRuleOutputReference(this, "first");
  public get first() {
    return this._first;
  }

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      rule: {
        value: cdktn.listMapperHcl(thingRuleToHclTerraform, true)(this._rule.internalValue),
        isBlock: true,
        type: "set",
        storageClassType: "ThingRuleList",
      },
      first: {
        value: thingRuleToHclTerraform(this._first.internalValue),
        isBlock: true,
        type: "list",
        storageClassType: "ThingRuleList",
      },
    };
    return attrs;
  }
}
"""  # noqa: W291

RULE = {"attributes": {"days": {"type": "number", "use": "o"}}, "blocks": {}}


def test_a_resource() -> None:
    assert Bindings([SOURCE]).schema("cloud_thing") == {
        "attributes": {
            "kind": {"type": "string", "use": "o", "values": ["HOT", "COLD"]},
            "name": {"type": "string", "use": "r"},
            "labels": {"type": ["map", "string"], "use": "co"},
            "zones": {"type": ["set", "string"], "use": "o"},
            "secret_wo": {"type": "string", "use": "ow"},
            "state": {"type": ["list", ["object", {"at": "string"}]], "use": "c"},
        },
        "blocks": {
            "rule": {"nesting": "set", "min": 1, "block": RULE},
            "first": {"nesting": "list", "max": 1, "block": RULE},
        },
    }


def test_a_missing_class_is_named() -> None:
    broken = SOURCE.replace("class ThingRuleOutputReference", "class Elsewhere")
    with pytest.raises(BindingsError, match="ThingRuleOutputReference"):
        Bindings([broken]).schema("cloud_thing")


def test_an_unknown_type_is_named() -> None:
    broken = SOURCE.replace("this.getNumberAttribute('days')", "this.somehow").replace("private _days?: number;", "")
    with pytest.raises(BindingsError, match="days"):
        Bindings([broken]).schema("cloud_thing")


def test_the_source_is_in_the_map() -> None:
    encoded = base64.b64encode(json.dumps({"sourcesContent": [SOURCE]}).encode()).decode()
    assert typescript(f"var a;\n//# sourceMappingURL=data:application/json;base64,{encoded}") == [SOURCE]
    assert typescript("var a;\n") == []
