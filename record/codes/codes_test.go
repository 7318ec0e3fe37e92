package codes

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// day is a date on which the tests' expectations hold.
const day = "2026-11-01"

func codesOf(entries []Entry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.Code)
	}
	return list
}

func TestEveryTableIsSound(t *testing.T) {
	if len(Names()) != len(all) {
		t.Fatalf("Names lists %d tables of %d", len(Names()), len(all))
	}
	for _, name := range Names() {
		table, ok := Named(name)
		if !ok || table.Name() != name {
			t.Fatalf("Named(%q) = %v, %v", name, table, ok)
		}
		rows := InUse().rows(table)
		if len(rows.entries) == 0 {
			t.Errorf("%s is empty", name)
		}
		for _, e := range rows.entries {
			path := table.Path(e.Code)
			if path == nil || path[0].Parent != "" || path[len(path)-1] != e {
				t.Errorf("%s %s: path %v does not lead from a root to it", name, e.Code, path)
			}
			for i := 1; i < len(path); i++ {
				if path[i].Parent != path[i-1].Code {
					t.Errorf("%s %s: path is broken at %s", name, e.Code, path[i].Code)
				}
				if to := path[i-1].ValidTo; to != "" && (path[i].ValidTo == "" || path[i].ValidTo > to) {
					t.Errorf("%s: %s outlives its parent %s", name, path[i].Code, path[i-1].Code)
				}
			}
			if e.Name != strings.TrimSpace(e.Name) || strings.ContainsAny(e.Name, "() ") {
				t.Errorf("%s %s: name %q has blanks or half-width brackets", name, e.Code, e.Name)
			}
			if !regexp.MustCompile(`^[a-z0-9]+$`).MatchString(e.Initials) {
				t.Errorf("%s %s: initials %q", name, e.Code, e.Initials)
			}
			if e.ValidFrom != "" && e.ValidTo != "" && e.ValidFrom > e.ValidTo {
				t.Errorf("%s %s: valid from %s to %s", name, e.Code, e.ValidFrom, e.ValidTo)
			}
		}
	}
	if _, ok := Named("no such table"); ok {
		t.Error("Named finds a table that is not there")
	}
}

func TestTablesHaveTheirSize(t *testing.T) {
	for name, want := range map[string]int{
		"industry": 20 + 97, "enterprise_type": 176, "body_type": 5, "organization_role": 9, "person_role": 3,
		"id_document_type": 8, "construction_id_document_type": 7, "gender": 2, "education": 8, "ethnicity": 57,
		"currency": 7, "qualification_class": 17, "qualification_series": 62 + 6, "qualification_major": 479 + 1,
		"qualification_grade": 17, "professional_registration_type": 24, "professional_registration_major": 24,
		"post_certificate_type": 95, "certificate_status": 3,
	} {
		table, _ := Named(name)
		if got := len(InUse().rows(table).entries); got != want {
			t.Errorf("%s has %d entries, want %d", name, got, want)
		}
	}
}

func TestIndustriesAreGB4754(t *testing.T) {
	divisions := 0
	for _, section := range Industries.Children("") {
		for _, e := range Industries.Children(section.Code) {
			divisions++
			if len(e.Code) != 2 || len(Industries.Children(e.Code)) != 0 {
				t.Errorf("%s is not a division", e.Code)
			}
		}
	}
	if n := len(Industries.Children("")); n != 20 || divisions != 97 {
		t.Errorf("%d sections, %d divisions", n, divisions)
	}
	for code, name := range map[string]string{
		"05": "农、林、牧、渔业 / 农、林、牧、渔专业及辅助性活动", "43": "制造业 / 金属制品、机械和设备修理业", "50": "建筑业 / 建筑装饰、装修和其他建筑业",
		"65": "信息传输、软件和信息技术服务业 / 软件和信息技术服务业", "97": "国际组织 / 国际组织",
	} {
		if got := Industries.FullName(code); got != name {
			t.Errorf("%s is %q", code, got)
		}
	}
}

func TestRegions(t *testing.T) {
	if n := len(Regions.ChildrenOn("", day)); n != 34 {
		t.Errorf("%d provinces, want 34", n)
	}
	cities, counties := 0, 0
	for _, e := range InUse().entriesOn(Regions, day) {
		if len(e.Code) != 6 || e.Parent != "" && e.Parent[:2] != e.Code[:2] {
			t.Errorf("%s lies below %q", e.Code, e.Parent)
		}
		switch {
		case strings.HasSuffix(e.Code, "0000"):
		case strings.HasSuffix(e.Code, "00"):
			cities++
		default:
			counties++
		}
	}
	// The Ministry of Civil Affairs counts 333 and 2847 in October 2026; five counties are the statistics bureau's.
	if cities != 333 || counties != 2847+5 {
		t.Errorf("%d cities, %d counties", cities, counties)
	}
	for code, name := range map[string]string{
		"430000": "湖南省", "430100": "湖南省长沙市", "430104": "湖南省长沙市岳麓区", "110105": "北京市朝阳区", "310115": "上海市浦东新区",
		"500235": "重庆市云阳县", "441900": "广东省东莞市", "442000": "广东省中山市", "460400": "海南省儋州市", "620200": "甘肃省嘉峪关市",
		"460302": "海南省三沙市西沙区", "469023": "海南省澄迈县", "429004": "湖北省仙桃市", "659001": "新疆维吾尔自治区石河子市",
		"433101": "湖南省湘西土家族苗族自治州吉首市", "810000": "香港特别行政区", "999999": "",
	} {
		if got := Regions.FullName(code); got != name {
			t.Errorf("FullName(%s) = %q, want %q", code, got, name)
		}
	}
	for parent, want := range map[string]struct {
		number int
		first  string
	}{
		"110000": {16, "110101"}, "500000": {37, "500101"}, "430000": {14, "430100"}, "430100": {9, "430102"},
		"441900": {0, ""}, "460300": {2, "460302"}, "710000": {0, ""},
	} {
		children := codesOf(Regions.ChildrenOn(parent, day))
		if len(children) != want.number || want.number > 0 && children[0] != want.first || !slices.IsSorted(children) {
			t.Errorf("below %s: %v", parent, children)
		}
	}
}

func TestARetiredCodeIsKnownButNotOffered(t *testing.T) {
	e, ok := Regions.Lookup("500112")
	if !ok || e.Name != "渝北区" || Regions.FullName("500112") != "重庆市渝北区" {
		t.Fatalf("500112 is %v, %v", e, ok)
	}
	for date, want := range map[string]bool{"2024-01-01": true, "2025-11-05": true, "2025-11-06": false, day: false} {
		if e.ValidOn(date) != want {
			t.Errorf("渝北区 valid on %s: %v", date, !want)
		}
		if offered := slices.Contains(codesOf(Regions.ChildrenOn("500000", date)), "500112"); offered != want {
			t.Errorf("渝北区 offered on %s: %v", date, offered)
		}
	}
	if n := len(Regions.Search("渝北", 0)); n != 0 {
		t.Errorf("a search finds a retired region")
	}
}

func TestQualificationsAreOneTree(t *testing.T) {
	// Descending from the classes reaches every major in force, once.
	var reached []string
	for _, class := range QualificationMajors.Children("") {
		if _, ok := QualificationClasses.Lookup(class.Code); !ok {
			t.Errorf("root %s is no class", class.Code)
		}
		series := QualificationMajors.Children(class.Code)
		if len(series) == 0 {
			t.Errorf("class %s %s leads nowhere", class.Code, class.Name)
		}
		for _, s := range series {
			majors := QualificationMajors.Children(s.Code)
			if len(majors) == 0 {
				t.Errorf("series %s %s leads nowhere", s.Code, s.Name)
			}
			reached = append(reached, codesOf(majors)...)
		}
	}
	inForce := codesOf(QualificationMajors.Entries())
	slices.Sort(inForce)
	slices.Sort(reached)
	if !slices.Equal(inForce, reached) {
		t.Errorf("%d majors in force, %d reached", len(inForce), len(reached))
	}
	for _, e := range InUse().rows(QualificationSeries).entries {
		if e.Parent != e.Code[1:3] {
			t.Errorf("series %s is of class %s", e.Code, e.Parent)
		}
	}
	for code, want := range map[string]string{
		"1040A010": "建筑业 / 施工总承包 / 建筑工程", "1040B181": "建筑业 / 专业承包 / 公路交通工程（公路安全设施分项）", "1040C000": "建筑业 / 施工劳务 / 不分专业",
		"10401001": "建筑业 / 施工总承包 / 房屋建筑工程", "10502001": "工程监理 / 专业资质 / 房屋建筑工程",
		"1050201406": "工程监理 / 专业资质 / 机电安装工程（其它工程）", "10300000": "工程招标代理 / 不分行业 / 不分专业",
	} {
		if got := QualificationMajors.FullName(code); got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	for code, valid := range map[string]bool{"1040A010": true, "10401001": false, "10300000": false, "10600000": false, "10101000": false} {
		if e, ok := QualificationMajors.Lookup(code); (ok && e.ValidOn(day)) != valid {
			t.Errorf("%s may be chosen: %v", code, !valid)
		}
	}
	if _, ok := QualificationMajors.Lookup("04"); ok {
		t.Error("a class passes as a major")
	}
}

func TestCodesThatRulesReferTo(t *testing.T) {
	for _, c := range []struct {
		table *Table
		code  string
		name  string
	}{
		{BodyTypes, BodyTypeEnterprise, "企业"},
		{BodyTypes, BodyTypeGovernment, "机关法人"},
		{BodyTypes, BodyTypeInstitution, "事业单位"},
		{BodyTypes, BodyTypeSocialOrganization, "社会组织"},
		{BodyTypes, BodyTypeOther, "其他"},
		{OrganizationRoles, RoleTenderee, "招标人"},
		{OrganizationRoles, RoleTenderAgent, "招标代理"},
		{OrganizationRoles, RoleBidder, "投标人"},
		{OrganizationRoles, RolePurchaser, "采购人"},
		{OrganizationRoles, RoleProcurementAgent, "采购代理"},
		{OrganizationRoles, RoleSupplier, "供应商"},
		{OrganizationRoles, RoleTransferor, "出让人"},
		{OrganizationRoles, RoleTransferee, "受让人"},
		{OrganizationRoles, RoleWinningBidder, "竞得人"},
		{PersonRoles, RoleSupplier, "供应商"},
		{PersonRoles, RoleTransferee, "受让人"},
		{PersonRoles, RoleWinningBidder, "竞得人"},
		{IDDocumentTypes, IDDocumentResident, "居民身份证"},
		{Genders, GenderMale, "男"},
		{Genders, GenderFemale, "女"},
		{EnterpriseTypes, "1130", "有限责任公司（自然人投资或控股）"},
		{Ethnicities, "15", "土家"},
		{Educations, "20", "大学"},
		{Currencies, "01", "元"},
		{QualificationGrades, "11", "壹级"},
		{ProfessionalRegistrationTypes, "1511", "一级注册建造师"},
		{CertificateStatuses, "1", "有效"},
		{PostCertificateTypes, "0344", "建筑起重机械司机（塔式起重机）"},
		{ProfessionalRegistrationMajors, "1501", "建筑工程"},
	} {
		if e, ok := c.table.Lookup(c.code); !ok || e.Name != c.name {
			t.Errorf("%s %s is %q", c.table.Name(), c.code, e.Name)
		}
	}
	if got := codesOf(PostCertificateTypes.Children(PostCertificateSafety)); !slices.Equal(got, []string{"021A", "021B", "021C"}) {
		t.Errorf("safety certificates are %v", got)
	}
	if got := len(ProfessionalRegistrationMajors.Children("1511"[:2])); got != 10 {
		t.Errorf("%d majors of 注册建造师", got)
	}
}

func TestHierarchical(t *testing.T) {
	for _, table := range []*Table{Regions, Industries, EnterpriseTypes, QualificationSeries, QualificationMajors, PostCertificateTypes} {
		if !table.Hierarchical() {
			t.Errorf("%s is flat", table.Name())
		}
	}
	for _, table := range []*Table{BodyTypes, Ethnicities, QualificationClasses, QualificationGrades, ProfessionalRegistrationTypes} {
		if table.Hierarchical() {
			t.Errorf("%s is a tree", table.Name())
		}
	}
}

func TestSearch(t *testing.T) {
	for query, first := range map[string]string{
		"岳麓": "430104", "430104": "430104", "长沙": "430100", "css": "430100", "cq": "500000", "重庆": "500000",
		"xm": "350200", "长沙市岳麓": "430104", "和康": "653228",
	} {
		found := Regions.Search(query, 5)
		if len(found) == 0 || len(found) > 5 || found[0].Code != first {
			t.Errorf("Search(%q) = %v, want %s first", query, codesOf(found), first)
		}
	}
	for _, query := range []string{"ylq", "YLQ"} {
		if found := Regions.Search(query, 0); !slices.Contains(codesOf(found), "430104") || found[0].Initials != "ylq" {
			t.Errorf("Search(%q) = %v", query, codesOf(found))
		}
	}
	if found := Regions.Search("4301", 0); len(found) != 10 {
		t.Errorf("4301 finds %v", codesOf(found))
	}
	if found := QualificationMajors.Search("jzgc", 3); len(found) == 0 || found[0].Code != "10221001" && found[0].Code != "1040A010" {
		t.Errorf("jzgc finds %v", codesOf(found))
	}
	if Regions.Search("  ", 10) != nil || len(Regions.Search("没有这个地方", 10)) != 0 {
		t.Error("nothing is found by an empty or a strange query")
	}
}

func TestValidOnIncludesBothBounds(t *testing.T) {
	e := Entry{ValidFrom: "2015-01-01", ValidTo: "2016-06-30"}
	for date, want := range map[string]bool{
		"2014-12-31": false, "2015-01-01": true, "2016-06-30": true, "2016-07-01": false,
	} {
		if e.ValidOn(date) != want {
			t.Errorf("valid on %s: %v", date, !want)
		}
	}
	if !(Entry{}).ValidOn(day) {
		t.Error("an entry without bounds is always valid")
	}
}

func TestParseRefusesAMalformedTable(t *testing.T) {
	for text, part := range map[string]string{
		"code\tname\n":                           "heading",
		columns + "\n1\ta\n":                     "six columns",
		columns + "\n1\t\t\t\t\t\n":              "six columns",
		columns + "\n1\ta\t\t\t\t\n1\tb\t\t\t\t": "occurs twice",
		columns + "\n1\ta\t\t2015-02-30\t\t\n":   "out of range",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("parse(%q) = %v, want %q", text, err, part)
		}
	}
}

func TestTablesServeManyAtOnce(t *testing.T) {
	table := newTable("region", "", nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if table.FullName("430104") != "湖南省长沙市岳麓区" {
				t.Error("a concurrent reader saw something else")
			}
		})
	}
	group.Wait()
}

func TestTheCivilDateIsThatOfChina(t *testing.T) {
	for instant, want := range map[string]string{
		"2026-11-25T15:59:59Z": "2026-11-25", "2026-11-25T16:00:00Z": "2026-11-26", "2026-11-26T00:30:00+09:00": "2026-11-25",
	} {
		at, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := CivilDate(at); got != want {
			t.Errorf("%s is %s", instant, got)
		}
	}
}

// The source carries the list of 2001 beside that of 2015 and calls both 建筑业;
// and it spells classes differently from table to table.
func TestTheOldListOfConstructionIsRetiredAsAWhole(t *testing.T) {
	old := 0
	for _, e := range QualificationMajors.All() {
		series, _ := QualificationSeries.Lookup(e.Parent)
		if series.Parent != "04" {
			continue
		}
		if later := strings.ContainsAny(e.Code[4:5], "ABC"); later != e.ValidOn(day) || later != series.ValidOn(day) {
			t.Errorf("%s %s may be chosen: %v", e.Code, e.Name, e.ValidOn(day))
		}
		if e.ValidTo != "" {
			old++
		}
	}
	if old != 107 {
		t.Errorf("%d majors of the old list are retired", old)
	}
	for class, name := range map[string]string{"03": "工程招标代理", "06": "工程造价咨询", "10": "设计与施工一体化", "16": "物业服务"} {
		for _, e := range QualificationMajors.All() {
			if path := QualificationMajors.Path(e.Code); path[0].Code == class && path[0].Name != name {
				t.Errorf("%s is of a class %s", e.Code, path[0].Name)
			}
		}
	}
}
