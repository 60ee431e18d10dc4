package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What is not written here is never called by `validate`, nor by `test` while the provider is mocked: it would end in
// a nil pointer, which is as red as it should be.
type server struct {
	tfprotov5.ProviderServer
	schema    schema
	resources map[string]*tfprotov5.Schema
	data      map[string]*tfprotov5.Schema
}

func newServer(known schema) *server {
	return &server{schema: known, resources: described(known.Resources), data: described(known.Data)}
}

func (s *server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	answer := &tfprotov5.GetMetadataResponse{}
	for name := range s.schema.Resources {
		answer.Resources = append(answer.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for name := range s.schema.Data {
		answer.DataSources = append(answer.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return answer, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{
		Provider:          &tfprotov5.Schema{Block: s.schema.Provider.described()},
		ResourceSchemas:   s.resources,
		DataSourceSchemas: s.data,
	}, nil
}

func (s *server) GetFunctions(context.Context, *tfprotov5.GetFunctionsRequest) (*tfprotov5.GetFunctionsResponse, error) {
	return &tfprotov5.GetFunctionsResponse{}, nil
}

func (s *server) PrepareProviderConfig(_ context.Context, asked *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: asked.Config}, nil
}

func (s *server) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{Diagnostics: []*tfprotov5.Diagnostic{{
		Severity: tfprotov5.DiagnosticSeverityError,
		Summary:  "This provider knows only a schema",
		Detail:   "It is for `terraform validate`, and for `terraform test` with mock_provider; it reaches no cloud.",
	}}}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (s *server) ValidateResourceTypeConfig(_ context.Context, asked *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	problems, err := validated(s.schema.Resources[asked.TypeName], s.resources[asked.TypeName], asked.Config)
	return &tfprotov5.ValidateResourceTypeConfigResponse{Diagnostics: problems}, err
}

func (s *server) ValidateDataSourceConfig(_ context.Context, asked *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	problems, err := validated(s.schema.Data[asked.TypeName], s.data[asked.TypeName], asked.Config)
	return &tfprotov5.ValidateDataSourceConfigResponse{Diagnostics: problems}, err
}

// OpenTofu asks for it even where everything is mocked.
func (s *server) UpgradeResourceState(_ context.Context, asked *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	shape := s.resources[asked.TypeName].ValueType()
	state, err := asked.RawState.Unmarshal(shape)
	if err != nil {
		return nil, err
	}
	upgraded, err := tfprotov5.NewDynamicValue(shape, state)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &upgraded}, err
}

func (s *server) PlanResourceChange(_ context.Context, asked *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: asked.ProposedNewState}, nil
}

func validated(known block, described *tfprotov5.Schema, config *tfprotov5.DynamicValue) ([]*tfprotov5.Diagnostic, error) {
	value, err := config.Unmarshal(described.ValueType())
	if err != nil {
		return nil, err
	}
	return known.problems(value, tftypes.NewAttributePath()), nil
}
