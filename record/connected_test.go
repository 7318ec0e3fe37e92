package record_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
)

// choices are entries of a table.
func choices(table *codes.Table, all ...string) []form.Choice {
	var chosen []form.Choice
	for _, code := range all {
		entry, _ := table.Lookup(code)
		chosen = append(chosen, form.Choice{Code: code, Name: entry.Name})
	}
	return chosen
}

func relations(all ...string) []form.Choice { return choices(codes.ConnectedRelations, all...) }

// connected is the sample organization with a shareholder and a parent.
func connected() *record.OrganizationDocument {
	return documentOf(record.OrganizationProfile).(*record.OrganizationDocument)
}

func TestB21_ConnectedPersonsAreCheckedOneByOneAndTogether(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.OrganizationDocument)
		field  string // "" for none
		says   string
	}{
		"nobody":                    {func(d *record.OrganizationDocument) { d.Connected = nil }, "", ""},
		"no name":                   {func(d *record.OrganizationDocument) { d.Connected[0].Name = "" }, "connected.holder1.name", "请填写"},
		"neither kind":              {func(d *record.OrganizationDocument) { d.Connected[0].Kind = form.Choice{} }, "connected.holder1.kind", "请选择"},
		"no document":               {func(d *record.OrganizationDocument) { d.Connected[0].IDType = form.Choice{} }, "connected.holder1.id_type", "请选择"},
		"no number":                 {func(d *record.OrganizationDocument) { d.Connected[0].IDNumber = "" }, "connected.holder1.id_number", "请填写"},
		"wrong check digit":         {func(d *record.OrganizationDocument) { d.Connected[0].IDNumber = "430104197001010011" }, "connected.holder1.id_number", "校验"},
		"a passport":                {passport, "", ""},
		"no code":                   {func(d *record.OrganizationDocument) { d.Connected[1].Unit = form.SubjectReference{} }, "connected.parent1.unit", "请填写"},
		"a code that is none":       {func(d *record.OrganizationDocument) { d.Connected[1].Unit.Code = "91990100MA7XK8P2RJ" }, "connected.parent1.unit", ""},
		"a person's number as code": {func(d *record.OrganizationDocument) { d.Connected[1].Unit.Code = sample.ResidentID(5) }, "connected.parent1.unit", "身份证号码"},
		"a code of a person":        {func(d *record.OrganizationDocument) { d.Connected[0].Unit.Code = sample.CreditCode(9) }, "connected.holder1.unit", "自然人不填写"},
		"a document of a unit":      {func(d *record.OrganizationDocument) { d.Connected[1].IDNumber = sample.ResidentID(5) }, "connected.parent1.id_number", "单位不填写"},
		"related in no way":         {func(d *record.OrganizationDocument) { d.Connected[1].Relations, d.Connected[1].Share = nil, "" }, "connected.parent1.relations", "请选择"},
		"a unit as director":        {func(d *record.OrganizationDocument) { d.Connected[1].Relations = relations("shareholder", "director") }, "connected.parent1.relations", "自然人"},
		"a person as subsidiary": {func(d *record.OrganizationDocument) {
			d.Connected[0].Relations = relations("shareholder", "subsidiary")
		}, "connected.holder1.relations", "自然人不能"},
		"a shareholder of nothing": {func(d *record.OrganizationDocument) { d.Connected[0].Share = "" }, "connected.holder1.share", "请填写出资比例"},
		"none of the capital":      {func(d *record.OrganizationDocument) { d.Connected[0].Share = "0.0" }, "connected.holder1.share", "大于 0"},
		"more than there is":       {func(d *record.OrganizationDocument) { d.Connected[0].Share = "100.0001" }, "connected.holder1.share", "不超过 100"},
		"a share in words":         {func(d *record.OrganizationDocument) { d.Connected[0].Share = "一半" }, "connected.holder1.share", "数字"},
		"all of it together":       {func(d *record.OrganizationDocument) { d.Connected[0].Share = "49.0000" }, "", ""},
		"more than all together":   {func(d *record.OrganizationDocument) { d.Connected[0].Share = "49.0001" }, "connected", "合计为百分之 100.0001"},
		"a director's share":       {func(d *record.OrganizationDocument) { d.Connected[0].Relations = relations("director") }, "connected.holder1.share", "只有股东"},
		"since tomorrow":           {func(d *record.OrganizationDocument) { d.Connected[0].Since = "2026-11-24" }, "connected.holder1.since", "晚于今天"},
		"the organization itself":  {func(d *record.OrganizationDocument) { d.Connected[1].Unit.Code = d.LegalCode }, "connected", "是本单位的"},
		"the same person twice":    {twice, "connected", "添加了两次"},
		"too many":                 {crowd, "connected", "最多 200 项"},
	} {
		t.Run(name, func(t *testing.T) {
			d := connected()
			c.change(d)
			problems := d.Form(today).Problems()
			if c.field == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, c.field, problems[0].Field)
			require.Contains(t, problems[0].Message, c.says)
		})
	}
}

func passport(d *record.OrganizationDocument) {
	d.Connected[0].IDType, d.Connected[0].IDNumber = choices(codes.IDDocumentTypes, "414")[0], "E12345678"
}

func twice(d *record.OrganizationDocument) {
	again := d.Connected[0]
	again.ID, again.Share = "holder2", "0.5"
	d.Connected = append(d.Connected, again)
	d.Connected[0].Share = "1"
}

func crowd(d *record.OrganizationDocument) {
	for i := range form.MaxRows {
		c := sample.Shareholder("more"+strings.Repeat("x", i%7)+sample.ResidentID(100 + i)[6:17], "股东", sample.ResidentID(100+i), "0.0001")
		c.Relations, c.Share = relations("executive"), ""
		d.Connected = append(d.Connected, c)
	}
}

func TestB21_MembersOfAConsortium(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.PerformanceDocument)
		field  string
		says   string
	}{
		"as it is":              {func(*record.PerformanceDocument) {}, "", ""},
		"none":                  {func(d *record.PerformanceDocument) { d.Members = nil }, "", ""},
		"only a text":           {func(d *record.PerformanceDocument) { d.Members, d.Consortium = nil, "示范一建、示范二建" }, "", ""},
		"no name":               {func(d *record.PerformanceDocument) { d.Members[1].Name = "" }, "members.member2.name", "请填写单位名称"},
		"no code":               {func(d *record.PerformanceDocument) { d.Members[1].Unit.Code = "" }, "members.member2.unit", "请填写"},
		"a person":              {func(d *record.PerformanceDocument) { d.Members[1].Unit.Code = sample.ResidentID(5) }, "members.member2.unit", "身份证号码"},
		"no part":               {func(d *record.PerformanceDocument) { d.Members[1].Role = form.Choice{} }, "members.member2.role", "请选择分工"},
		"two leaders":           {func(d *record.PerformanceDocument) { d.Members[1].Role = d.Members[0].Role }, "members", "牵头人最多一个，现在有 2 个"},
		"the same twice":        {func(d *record.PerformanceDocument) { d.Members[1].Unit = d.Members[0].Unit }, "members", "添加了两次"},
		"more work than all":    {func(d *record.PerformanceDocument) { d.Members[1].Share = "50.5" }, "members", "合计为百分之 100.5"},
		"no word of the shares": {func(d *record.PerformanceDocument) { d.Members[0].Share, d.Members[1].Share = "", "" }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := documentOf(record.Performance).(*record.PerformanceDocument)
			c.change(d)
			problems := d.Form(today).Problems()
			if c.field == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, c.field, problems[0].Field)
			require.Contains(t, problems[0].Message, c.says)
		})
	}
}

// A code that is known here shows under which name, and another name than the one
// that was typed is a hint and no problem.
func TestB21_AKnownCodeShowsTheNameInForce(t *testing.T) {
	d := documentOf(record.Performance).(*record.PerformanceDocument)
	known := form.Lookup{Subjects: func(code string) (form.SubjectReference, bool) {
		return form.SubjectReference{Code: code, ID: "s1", Name: "示范第二建筑工程有限公司"}, code == sample.CreditCode(3)
	}}
	row := func() form.Row { r, _ := d.Form(today).Field("members").Row("member2"); return r }
	typed := map[string][]string{
		"members.member2.name": {"示范二建有限公司"}, "members.member2.unit": {strings.ToLower(sample.CreditCode(3))}, "members.member2.role": {"member"},
	}
	row().Bind(typed, known)
	require.Equal(t, form.SubjectReference{Code: sample.CreditCode(3), ID: "s1", Name: "示范第二建筑工程有限公司"}, d.Members[1].Unit)
	require.Empty(t, d.Form(today).Problems())
	require.Contains(t, d.Form(today).Field("members").Hint, "“示范二建有限公司”登记为“示范第二建筑工程有限公司”")
	require.Contains(t, d.Form(today).Field("members.member2.name").Hint, "不影响提交")
	require.Equal(t, sample.CreditCode(3)+"（示范第二建筑工程有限公司）", d.Form(today).Field("members.member2.unit").Display())
	require.Equal(t, []string{sample.CreditCode(3)}, d.Form(today).Field("members.member2.unit").Input(), "the code is what is filled in")

	again := parsed(t, canonical(t, record.Performance, d)).(*record.PerformanceDocument)
	require.Equal(t, d.Members, again.Members, "it reads as it was filed, whatever the other is called later")
	row().Bind(typed, form.Lookup{})
	require.True(t, d.Members[1].Unit.Known(), "where nobody can be asked it stays what it was")
	typed["members.member2.name"] = []string{"示范第二建筑 工程有限公司"}
	row().Bind(typed, known)
	require.NotContains(t, d.Form(today).Field("members").Hint, "不一致", "blanks tell nothing")
	typed["members.member2.unit"] = []string{sample.CreditCode(4)}
	row().Bind(typed, known)
	require.Equal(t, form.SubjectReference{Code: sample.CreditCode(4)}, d.Members[1].Unit)
	require.Equal(t, sample.CreditCode(4), d.Form(today).Field("members.member2.unit").Display())
}

// What was filed before there were rows is what it was, byte for byte, and is shown.
func TestB21_EarlierFilingsAreWhatTheyWere(t *testing.T) {
	for _, text := range []string{
		`{"content":{"consortium":"示范一建、示范二建","owner_code":"91430100MA00DEM06N","project_name":"示范家园"},"kind":"performance","schema":1}`,
		`{"content":{"agent_name":"周予安","legal_code":"91430100MA00DEM06N","legal_name":"示范建工集团有限公司","representative_name":"陈明远"},"kind":"organization","schema":1}`,
	} {
		kind, d, err := record.ParseCanonical([]byte(text))
		require.NoError(t, err)
		require.Equal(t, text, canonical(t, kind, d))
		require.Empty(t, record.ConnectedUnits(d))
		if kind == record.Performance {
			require.Equal(t, "示范一建、示范二建", d.Form(today).Field("consortium").Display())
			require.Equal(t, "示范一建、示范二建", record.Public(kind, d)["consortium"])
		}
	}
	plain := canonical(t, record.OrganizationProfile, organization())
	require.NotContains(t, plain, "connected", "an optional group that is empty leaves no trace")
}

// All that the kit knows of a document it knows of these rows.
func TestB21_RowsAreFieldsLikeOthers(t *testing.T) {
	before, after := connected(), connected()
	after.Connected[0].IDNumber, after.Connected[0].Share = sample.ResidentID(32), "30"
	after.Connected[1].Name = "示范投资控股有限公司"
	var touched []string
	for _, c := range form.Diff(before.Form(today), after.Form(today)) {
		if c.Changed {
			touched = append(touched, c.Field.Name)
		}
	}
	require.Equal(t, []string{"connected.holder1.id_number", "connected.holder1.share", "connected.parent1.name"}, touched)
	require.False(t, form.KeyChanged(before.Form(today), after.Form(today)), "shares change hands without a second reviewer")
	targets := after.Form(today).Targets()
	require.Subset(t, targets, []string{"connected", "connected.holder1", "connected.holder1.id_number", "connected.parent1.unit"})
	require.Equal(t, "关联人第 1 项“出资比例”", after.Form(today).Label("connected.holder1.share"))
	number := after.Form(today).Field("connected.holder1.id_number")
	require.NotContains(t, number.Masked(), sample.ResidentID(32))
	require.Contains(t, after.People(), sample.ResidentID(32), "nobody reviews the filing of an organization of which they are a shareholder")
	require.Equal(t, []string{sample.CreditCode(2)}, record.ConnectedUnits(after))
	require.Empty(t, record.ConnectedUnits(documentOf(record.Performance)), "who builds together is not connected by that")
}

func TestB21_InWhichWayTwoOrganizationsAreConnected(t *testing.T) {
	person := func(d *record.OrganizationDocument, n int, of ...string) {
		c := sample.Shareholder("c"+sample.ResidentID(n)[6:], "欧阳𬀩", sample.ResidentID(n), "")
		c.Relations = relations(of...)
		d.Connected = append(d.Connected, c)
	}
	unit := func(d *record.OrganizationDocument, code, relation string) {
		d.Connected = append(d.Connected, sample.Affiliate("u"+strings.ToLower(code), "示范控股有限公司", code, relation))
	}
	for name, c := range map[string]struct {
		change func(a, b *record.OrganizationDocument)
		want   []string // kind: relations here / there
	}{
		"not at all":         {func(a, b *record.OrganizationDocument) { person(a, 51, "shareholder"); person(b, 52, "shareholder") }, nil},
		"one representative": {func(a, b *record.OrganizationDocument) { b.Representative = a.Representative }, []string{"same_representative: representative / representative"}},
		"one agent":          {func(a, b *record.OrganizationDocument) { b.Agent = a.Agent }, nil},
		"a person twice": {func(a, b *record.OrganizationDocument) {
			person(a, 51, "shareholder", "director")
			person(b, 51, "controller")
		}, []string{"shared_person: shareholder director / controller"}},
		"another's document":      {otherDocument, nil},
		"a representative's part": {func(a, b *record.OrganizationDocument) { person(a, 1702, "shareholder") }, []string{"shared_person: shareholder / representative"}},
		"one names the other":     {func(a, b *record.OrganizationDocument) { unit(a, b.LegalCode, "shareholder") }, []string{"affiliated: shareholder / self"}},
		"each names the other": {func(a, b *record.OrganizationDocument) {
			unit(a, b.LegalCode, "subsidiary")
			unit(b, a.LegalCode, "shareholder")
		}, []string{"affiliated: subsidiary / self", "affiliated: self / shareholder"}},
		"one parent": {func(a, b *record.OrganizationDocument) {
			unit(a, sample.CreditCode(77), "shareholder")
			unit(b, sample.CreditCode(77), "managing")
		}, []string{"shared_unit: shareholder / managing"}},
		"the closest first": {func(a, b *record.OrganizationDocument) {
			person(a, 51, "shareholder")
			person(b, 51, "shareholder")
			unit(a, b.LegalCode, "subsidiary")
			b.Representative = a.Representative
		}, []string{"same_representative: representative / representative", "affiliated: subsidiary / self", "shared_person: shareholder / shareholder"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := sample.Organization(sample.CreditCode(11), "示范一建有限公司", scan)
			b := sample.Organization(sample.CreditCode(12), "示范二建有限公司", scan)
			b.Representative.IDNumber, b.Agent.IDNumber = sample.ResidentID(1702), sample.ResidentID(1703)
			c.change(a, b)
			require.Equal(t, c.want, told(record.ConnectionsOf(a, b)))
			require.Empty(t, record.ConnectionsOf(a, a), "nobody is connected with themselves")
			for _, found := range record.ConnectionsOf(a, b) {
				require.NotEmpty(t, found.Kind.Label())
				for _, number := range append(a.People(), b.People()...) {
					require.NotContains(t, found.Shown, number, "masked, also for staff")
				}
			}
		})
	}
}

func otherDocument(a, b *record.OrganizationDocument) {
	number := "430104197001011"
	for _, d := range []*record.OrganizationDocument{a, b} {
		c := sample.Shareholder("c1", "欧阳𬀩", number, "10")
		c.IDType = choices(codes.IDDocumentTypes, "414")[0]
		d.Connected = append(d.Connected, c)
	}
	b.Connected[0].IDType = choices(codes.IDDocumentTypes, "990")[0]
}

func told(found []record.Connection) []string {
	var all []string
	list := func(relations []form.Choice) string {
		var ids []string
		for _, r := range relations {
			ids = append(ids, r.Code)
		}
		return strings.Join(ids, " ")
	}
	for _, c := range found {
		all = append(all, string(c.Kind)+": "+list(c.Here)+" / "+list(c.There))
	}
	return all
}

// Whatever two organizations say, each is told the same of the other.
func TestB21_ConnectionsAreTheSameFromBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(n int) *record.OrganizationDocument {
			d := sample.Organization(sample.CreditCode(n), "示范建工有限公司", scan)
			d.Representative.IDNumber = sample.ResidentID(rapid.IntRange(1, 4).Draw(t, "representative"))
			for i := range rapid.IntRange(0, 3).Draw(t, "rows") {
				id := "r" + strings.Repeat("i", i)
				if rapid.Bool().Draw(t, "natural") {
					d.Connected = append(d.Connected, sample.Shareholder(id, "欧阳", sample.ResidentID(rapid.IntRange(1, 4).Draw(t, "person")), "1"))
				} else {
					relation := rapid.SampledFrom([]string{"shareholder", "controller", "subsidiary", "managed"}).Draw(t, "relation")
					d.Connected = append(d.Connected, sample.Affiliate(id, "示范", sample.CreditCode(rapid.IntRange(1, 4).Draw(t, "unit")), relation))
				}
			}
			return d
		}
		a, b := draw(1), draw(2)
		mirrored := record.ConnectionsOf(b, a)
		for i := range mirrored {
			mirrored[i].Here, mirrored[i].There = mirrored[i].There, mirrored[i].Here
		}
		here, there := told(record.ConnectionsOf(a, b)), told(mirrored)
		slices.Sort(here)
		slices.Sort(there)
		require.Equal(t, here, there)
	})
}
