// Package partnertest gives tests a CA company that speaks the contract, and
// what checks messages against it. It listens on loopback, keeps what it was
// told in memory, and can be told to fail in the ways that such companies do.
package partnertest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"

	"unireg/partner"
)

// Contract checks requests and answers against partner/openapi.yaml.
type Contract struct{ validator validator.Validator }

// NewContract reads the contract.
func NewContract(t testing.TB) *Contract {
	t.Helper()
	document, err := libopenapi.NewDocument(partner.Contract)
	require.NoError(t, err)
	v, faults := validator.NewValidator(document)
	require.Empty(t, faults)
	valid, problems := v.ValidateDocument()
	require.True(t, valid, "%v", problems)
	return &Contract{v}
}

// Request lists what is wrong with a request. Its body can be read afterwards.
func (c *Contract) Request(r *http.Request) []string {
	if ok, faults := c.validator.ValidateHttpRequestSync(r); !ok {
		var all []string
		for _, f := range faults {
			all = append(all, f.Error())
		}
		return all
	}
	return nil
}

// Response fails the test when an answer to that request is not what was agreed.
func (c *Contract) Response(t testing.TB, r *http.Request, answer *http.Response) {
	t.Helper()
	ok, faults := c.validator.ValidateHttpResponse(r, answer)
	var all []string
	for _, f := range faults {
		all = append(all, f.Error())
	}
	require.True(t, ok, strings.Join(all, "\n"))
}
