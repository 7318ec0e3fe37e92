package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// pair is a connected pair as a trading system is told of it.
type pair struct {
	First, Second string
	Connections   []struct{ Kind string }
}

// connected asks, as a trading system does, which of those codes are connected.
func (s *system) connected(t testing.TB, key string, codes ...string) (pairs []pair, body string) {
	t.Helper()
	query := url.Values{"subjects": {fmt.Sprintf("%s,%s", codes[0], codes[1])}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin+"/api/v1/connections?"+query.Encode(), nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(content))
	var told struct{ Pairs []pair }
	require.NoError(t, json.Unmarshal(content, &told))
	return told.Pairs, string(content)
}

// TestB21_ConnectedPersonsFromTheFormToTheTradingSystem fills 关联人 in a browser; the
// reviewer sees with whom that connects, and once it counts a trading system asks.
func TestB21_ConnectedPersonsFromTheFormToTheTradingSystem(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员关", record.Reviewer, true)
	holder, partner := sample.ResidentID(nextNumber()), sample.ResidentID(nextNumber())
	parent := newBidder(t, s, fmt.Sprintf("湘水控股%d集团有限公司", nextNumber())).complete(t)
	document := parent.document()
	document.Connected = []record.ConnectedPerson{sample.Shareholder("holder1", "欧阳𬀩", holder, "60")}
	parent.save(t, document)
	parent.submitted(t).decided(t, reviewer, record.Approve, "").reaches(t, record.NothingFiled)

	b := newBidder(t, s, fmt.Sprintf("湘水建工%d有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	p.open("/records/" + string(b.profile) + "/edit")
	p.part("B21 关联人 is optional, and says what it is for", func() {
		p.sees("关联人", "还没有添加关联人", "交易中心据此核查投标人之间的控股、管理关系", "不对外公示")
		p.follow("添加关联人")
		p.sees("添加关联人", "姓名或单位名称")
		p.fill("姓名或单位名称", "欧阳𬀩")
		p.tick("类型", "自然人")
		p.choose("证件类型", "居民身份证")
		p.fill("证件号码", wrongLast(holder))
		p.tick("关联关系", "股东", "董事")
		p.fill("出资比例", "70")
		p.follow("保存")
		p.sees("有 1 处需要修改，修改后即可保存", "校验码不正确")
		p.fill("证件号码", holder)
		p.follow("保存")
		p.sees("已保存", "欧阳𬀩", "股东、董事", "70 %", form.Mask(holder))
		p.seesNot(holder)
	})
	p.part("B21 a code that is registered shows under which name, and shares have an end", func() {
		p.follow("添加关联人")
		p.fill("姓名或单位名称", "湘水控股")
		p.tick("类型", "单位")
		p.fill("统一社会信用代码", parent.subject.Code)
		p.tick("关联关系", "股东", "实际控制人")
		p.fill("出资比例", "51")
		p.follow("保存")
		p.sees("各股东的出资比例合计为百分之 121，不能超过百分之百")
		p.fill("出资比例", "30")
		p.follow("保存")
		p.sees("已保存", "湘水控股", parent.subject.Code+"（"+parent.subject.Name+"）", "股东、实际控制人")
	})
	p.part("B21 both are among what is submitted", func() {
		p.checksAndSubmits()
		p.sees("审核中", "欧阳𬀩", "股东、实际控制人", form.Mask(holder))
		p.seesNot(holder)
		p.readsOnly()
	})
	b.reaches(t, record.UnderReview)
	b.scanned(t)
	_, key, err := s.store.AddAPIKey(t.Context(), record.Actor{Role: record.Supervisor}, "交易平台", []storage.Scope{storage.ScopeConnectionsRead}, time.Time{})
	require.NoError(t, err)
	pairs, _ := s.connected(t, key, b.subject.Code, parent.subject.Code)
	require.Empty(t, pairs, "what is under review connects nobody for others")

	desk := reviewer.sit(t, s)
	desk.part("B21 the reviewer sees with whom the filing is connected, and by what", func() {
		desk.takes(b.subject.Name)
		desk.sees("与其他单位有关联：互为关联单位", parent.subject.Name+"（"+parent.subject.Code+"），已生效")
		desk.press("与其他单位有关联：互为关联单位")
		desk.sees("对方是本单位的股东、实际控制人", "有相同的关联人", "本单位的股东、董事，对方的股东", form.Mask(holder))
		desk.seesNot(holder)
		desk.accessible("with a connection unfolded")
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
	})
	b.reaches(t, record.NothingFiled)
	desk.part("B21 the trading system learns of the pair, and of nobody", func() {
		pairs, body := s.connected(t, key, b.subject.Code, parent.subject.Code)
		require.Len(t, pairs, 1)
		require.Equal(t, b.subject.Code, pairs[0].First)
		require.Equal(t, parent.subject.Code, pairs[0].Second)
		require.Len(t, pairs[0].Connections, 2)
		require.Equal(t, "affiliated", pairs[0].Connections[0].Kind)
		require.Equal(t, "shared_person", pairs[0].Connections[1].Kind)
		for _, text := range []string{holder, "欧阳", parent.subject.Name} {
			require.NotContains(t, body, text)
		}
	})
	p.part("B21 a change takes a shareholder out, and nobody public has read of any", func() {
		p.open("/records/" + string(b.profile))
		p.press("变更")
		p.fill("变更原因", "股权转让")
		p.follow("开始变更")
		p.deletesRow("欧阳𬀩")
		p.follow("添加关联人")
		p.fill("姓名或单位名称", "黎照")
		p.tick("类型", "自然人")
		p.choose("证件类型", "居民身份证")
		p.fill("证件号码", partner)
		p.tick("关联关系", "股东")
		p.fill("出资比例", "70")
		p.follow("保存")
		p.follow("核对并提交")
		p.sees("关联人：删除“欧阳𬀩”", "关联人：新增“黎照”")
		p.follow("提交")
		p.sees("变更审核中")
		p.open("/disclosure/subjects/" + b.subject.Code)
		p.sees(b.subject.Name)
		p.seesNot("欧阳𬀩", "关联人", "实际控制人")
	})
	b.decided(t, reviewer, record.Approve, "").reaches(t, record.NothingFiled)
	pairs, _ = s.connected(t, key, b.subject.Code, parent.subject.Code)
	require.Len(t, pairs, 1)
	require.Len(t, pairs[0].Connections, 1, "the parent is left")
}
