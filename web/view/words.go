package view

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"unireg/web/words"
)

// tr is a sentence of the page in the viewer's language, with its values.
func tr(ctx context.Context, source string, values ...any) string {
	return words.Text(ctx, source, values...)
}

// shown is a word that was written elsewhere (a label, a state, a table) in the
// viewer's language. What a person typed is not for it.
func shown(ctx context.Context, text string) string { return words.Of(ctx, text) }

// beijing is the zone of every instant shown: Asia/Shanghai has known no summer
// time since 1991.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

func stamp(t time.Time) string  { return t.In(beijing).Format("2006-01-02 15:04") }
func second(t time.Time) string { return t.In(beijing).Format("2006-01-02 15:04:05") }
func brief(t time.Time) string  { return t.In(beijing).Format("01-02 15:04") }
func clock(t time.Time) string  { return t.In(beijing).Format("15:04") }
func day(t time.Time) string    { return t.In(beijing).Format(time.DateOnly) }

// machine is the value of a datetime attribute.
func machine(t time.Time) string { return t.In(beijing).Format(time.RFC3339) }

func count(n int) string { return strconv.Itoa(n) }

// dueText says how long there is until an instant, or since it.
func dueText(ctx context.Context, now, due time.Time) string {
	if due.IsZero() {
		return ""
	}
	left := due.Sub(now)
	if left < 0 {
		return tr(ctx, "已超时 %s", spanText(ctx, -left))
	}
	return tr(ctx, "剩 %s", spanText(ctx, left))
}

// spanText is a length of time in its largest unit.
func spanText(ctx context.Context, d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return tr(ctx, "%d 天", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return tr(ctx, "%d 小时", int(d/time.Hour))
	}
	return tr(ctx, "%d 分钟", max(1, int(d/time.Minute)))
}

// dueClass marks what is late and what is due within eight hours.
func dueClass(now, due time.Time) string {
	switch left := due.Sub(now); {
	case due.IsZero():
		return ""
	case left < 0:
		return "over"
	case left < 8*time.Hour:
		return "soon"
	}
	return ""
}

// fileSize is a size as people write it.
func fileSize(ctx context.Context, bytes int64) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%d KB", bytes/(1<<10))
	}
	return tr(ctx, "%d 字节", bytes)
}

func max64(n int64) string { return strconv.FormatInt(n, 10) }
