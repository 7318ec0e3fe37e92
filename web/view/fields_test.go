package view_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record/codes"
	"unireg/record/form"
	"unireg/web/view"
)

// What a draft holds is drawn and sent again though its code was retired since;
// where the draft does not hold it, it is not offered.
func TestARetiredCodeIsDrawnWhereItWasChosenOnly(t *testing.T) {
	retired := map[*codes.Table]string{
		codes.OrganizationRoles: codes.RoleSupplier, codes.BodyTypes: codes.BodyTypeEnterprise,
		codes.EnterpriseTypes: "0150", codes.Regions: "430104",
	}
	d, other := document(), document()
	other.Roles = other.Roles[:1]
	other.BodyType = choice(codes.BodyTypes, codes.BodyTypeInstitution)
	other.EnterpriseType = choice(codes.EnterpriseTypes, "0110")
	other.Region = choice(codes.Regions, "430102")
	names, imported := map[string]string{}, map[string][]codes.Entry{}
	for table, code := range retired {
		entry, ok := table.Lookup(code)
		require.True(t, ok)
		entry.ValidTo = "2026-01-31"
		imported[table.Name()], names[code] = []codes.Entry{entry}, entry.Name
	}
	edition, err := codes.NewEdition(1, imported)
	require.NoError(t, err)
	codes.Use(edition)
	t.Cleanup(func() { codes.Use(nil) })

	draw := func(m view.EditModel) string {
		var page strings.Builder
		require.NoError(t, view.EditPage(bidderPage("基本信息", "/records/"+recordID), m).Render(t.Context(), &page))
		return page.String()
	}
	held, free := draw(edit(d, nil)), draw(edit(other, nil))
	for code, name := range names {
		require.Regexp(t, `value="`+code+`"[^>]*(checked|selected)[^>]*>[\s　]*`+regexp.QuoteMeta(name)+`（已停用）`, held)
		require.NotRegexp(t, `value="`+code+`"[^>]*>[\s　]*`+regexp.QuoteMeta(name), free)
	}
	require.Contains(t, d.Form(now).Problems(),
		form.Problem{Field: "region", Label: "注册地", Message: "所选的“岳麓区”自 2026-02-01 起停用，请重新选择"})
}
