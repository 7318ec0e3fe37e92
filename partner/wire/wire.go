// Package wire holds the shapes that go over the wire between the registration
// system and a CA company, as partner/openapi.yaml has them. They are generated:
// a change of the contract is a change of that file.
package wire

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate models,skip-prune -package wire -o models.gen.go ../openapi.yaml
