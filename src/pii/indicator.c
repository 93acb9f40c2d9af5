/* Indicators: health, biometrics, minors. Not values but hints, so a word is not enough: somebody
 * must be meant by it (I, my, patient, his …). Flag-only by default. */
#include "pii/detect.h"

struct term {
	const char *text; /* lower case */
	uint8_t class;
	uint8_t personal; /* confidence with a person nearby */
	uint8_t alone;
};

#define H GH_PII_HEALTH
#define B GH_PII_BIOMETRIC
#define M GH_PII_MINOR

static const struct term terms[] = {
	{ "diabetes", H, 88, 30 },
	{ "type 2 diabetes", H, 90, 40 },
	{ "type 1 diabetes", H, 90, 40 },
	{ "cancer", H, 85, 25 },
	{ "breast cancer", H, 90, 40 },
	{ "lung cancer", H, 90, 40 },
	{ "prostate cancer", H, 90, 40 },
	{ "leukemia", H, 90, 40 },
	{ "lymphoma", H, 90, 40 },
	{ "melanoma", H, 88, 40 },
	{ "hiv", H, 90, 40 },
	{ "hiv positive", H, 95, 60 },
	{ "aids", H, 70, 10 },
	{ "asthma", H, 88, 35 },
	{ "depression", H, 82, 25 },
	{ "major depression", H, 90, 45 },
	{ "anxiety", H, 78, 20 },
	{ "bipolar disorder", H, 90, 45 },
	{ "schizophrenia", H, 90, 40 },
	{ "adhd", H, 85, 35 },
	{ "autism", H, 82, 30 },
	{ "epilepsy", H, 90, 40 },
	{ "migraine", H, 80, 30 },
	{ "hypertension", H, 88, 40 },
	{ "atrial fibrillation", H, 92, 50 },
	{ "heart failure", H, 90, 45 },
	{ "stroke", H, 75, 15 },
	{ "arthritis", H, 82, 30 },
	{ "rheumatoid arthritis", H, 92, 50 },
	{ "lupus", H, 85, 35 },
	{ "crohn's disease", H, 92, 50 },
	{ "celiac disease", H, 90, 45 },
	{ "lyme disease", H, 92, 50 },
	{ "parkinson's disease", H, 92, 50 },
	{ "alzheimer's disease", H, 92, 50 },
	{ "alzheimer's", H, 85, 40 },
	{ "dementia", H, 85, 35 },
	{ "multiple sclerosis", H, 92, 50 },
	{ "hepatitis b", H, 92, 50 },
	{ "hepatitis c", H, 92, 50 },
	{ "hepatitis", H, 85, 35 },
	{ "tuberculosis", H, 85, 35 },
	{ "pneumonia", H, 85, 35 },
	{ "covid", H, 75, 15 },
	{ "covid-19", H, 78, 20 },
	{ "syphilis", H, 90, 45 },
	{ "gonorrhea", H, 90, 45 },
	{ "chlamydia", H, 90, 45 },
	{ "endometriosis", H, 90, 45 },
	{ "miscarriage", H, 88, 40 },
	{ "pregnant", H, 75, 15 },
	{ "chemotherapy", H, 85, 35 },
	{ "hypothyroidism", H, 90, 45 },
	{ "sleep apnea", H, 88, 40 },
	{ "ptsd", H, 88, 40 },
	{ "anorexia", H, 85, 40 },
	{ "bulimia", H, 88, 40 },
	{ "alcoholism", H, 82, 30 },
	{ "chronic kidney disease", H, 92, 50 },
	{ "cirrhosis", H, 88, 40 },
	{ "copd", H, 90, 45 },
	{ "gout", H, 80, 25 },
	{ "psoriasis", H, 86, 38 },
	{ "eczema", H, 82, 35 },
	{ "sickle cell anemia", H, 92, 50 },
	{ "anemia", H, 82, 35 },
	{ "metformin", H, 90, 50 },
	{ "insulin", H, 80, 30 },
	{ "levothyroxine", H, 92, 55 },
	{ "lisinopril", H, 92, 55 },
	{ "atorvastatin", H, 92, 55 },
	{ "sertraline", H, 92, 55 },
	{ "fluoxetine", H, 92, 55 },
	{ "prozac", H, 90, 50 },
	{ "zoloft", H, 90, 50 },
	{ "adderall", H, 88, 45 },
	{ "amoxicillin", H, 86, 45 },
	{ "warfarin", H, 90, 50 },
	{ "prednisone", H, 88, 48 },
	{ "gabapentin", H, 90, 50 },
	{ "lithium", H, 65, 5 },
	{ "xanax", H, 88, 45 },
	{ "oxycodone", H, 88, 45 },
	{ "albuterol", H, 90, 50 },
	{ "omeprazole", H, 88, 48 },
	{ "amlodipine", H, 92, 55 },
	{ "losartan", H, 92, 55 },
	{ "escitalopram", H, 92, 55 },
	{ "fingerprint", B, 82, 40 },
	{ "fingerprints", B, 82, 40 },
	{ "fingerprint scan", B, 92, 60 },
	{ "fingerprint template", B, 95, 75 },
	{ "iris scan", B, 94, 70 },
	{ "iris template", B, 95, 75 },
	{ "retina scan", B, 94, 70 },
	{ "retinal scan", B, 94, 70 },
	{ "face id", B, 75, 35 },
	{ "faceprint", B, 92, 65 },
	{ "face scan", B, 90, 60 },
	{ "facial recognition", B, 82, 45 },
	{ "face template", B, 94, 70 },
	{ "facial scan", B, 90, 60 },
	{ "voiceprint", B, 92, 65 },
	{ "voice print", B, 90, 60 },
	{ "palm print", B, 90, 60 },
	{ "palm scan", B, 90, 60 },
	{ "hand geometry", B, 90, 60 },
	{ "gait analysis", B, 85, 50 },
	{ "dna profile", B, 94, 70 },
	{ "dna sample", B, 92, 65 },
	{ "dna test", B, 85, 50 },
	{ "genetic profile", B, 92, 65 },
	{ "biometric", B, 82, 45 },
	{ "biometrics", B, 82, 45 },
	{ "keystroke dynamics", B, 88, 55 },
	{ "vein pattern", B, 90, 60 },
	{ "genome", B, 70, 20 },
	{ "minor child", M, 88, 55 },
	{ "underage", M, 80, 45 },
	{ "year-old son", M, 92, 70 },
	{ "year-old daughter", M, 92, 70 },
	{ "my toddler", M, 88, 65 },
	{ "kindergartner", M, 85, 55 },
	{ "kindergarten", M, 70, 30 },
	{ "grade school", M, 70, 30 },
	{ "preschooler", M, 85, 55 },
};

static const char *const persons[] = {
	"i",          "i'm",       "my",       "me",   "patient",  "his",     "her",    "he",
	"she",        "their",     "our",      "son",  "daughter", "mother",  "father", "wife",
	"husband",    "diagnosed", "mr",       "ms",   "mrs",      "suffers", "has",    "takes",
	"prescribed", "client",    "employee", "user", "customer", "member",  NULL
};
static const char *const child_words[] = {
	"child",         "kid",     "son",  "daughter", "student", "minor",  "boy",   "girl",
	"pupil",         "he",      "she",  "his",      "her",     "nephew", "niece", "grandson",
	"granddaughter", "toddler", "baby", "teen",     "grade",   "school", NULL
};

static void try_term(struct gh_pii_scan *scan, const struct term *term, size_t at)
{
	struct gh_slice text = scan->text;
	size_t len = strlen(term->text);

	if (text.len - at < len)
		return;
	for (size_t i = 1; i < len; i++)
		if (gh_pii_lower(text.data[at + i]) != (uint8_t)term->text[i])
			return;
	if (at + len < text.len && gh_pii_is_alnum(text.data[at + len]))
		return;
	bool personal = gh_pii_near(scan, at, at + len, 80, 60, persons);
	gh_pii_add(scan, at, at + len, (enum gh_pii_class)term->class,
	           gh_pii_class_name((enum gh_pii_class)term->class),
	           personal ? term->personal : term->alone);
}

/* "12 years old", "12-year-old", "aged 9", "age: 15": an age below 18. */
static void try_age(struct gh_pii_scan *scan, size_t at)
{
	static const char *const after[] = { " years old", " year old", "-year-old", " yrs old",
		                             " y/o",       " yo",       "yo",        " months old",
		                             "-month-old", NULL };
	static const char *const before[] = { "aged", "age", "turned", "turning", "is", NULL };
	struct gh_slice text = scan->text;
	size_t end = at;
	unsigned age = 0;

	while (end < text.len && end - at < 3 && gh_pii_is_digit(text.data[end]))
		age = age * 10 + (unsigned)(text.data[end++] - '0');
	if (end - at > 2 || age >= 18 ||
	    (end < text.len && gh_pii_is_alnum(text.data[end]) &&
	     gh_pii_lower(text.data[end]) != 'y'))
		return;
	for (const char *const *form = after; *form; form++) {
		size_t len = strlen(*form);
		if (text.len - end >= len &&
		    strncasecmp((const char *)text.data + end, *form, len) == 0) {
			gh_pii_add(scan, at, end + len, GH_PII_MINOR, "minor", 88);
			return;
		}
	}
	if (end < text.len && gh_pii_is_digit(text.data[end]))
		return;
	if (gh_pii_near(scan, at, end, 8, 0, before) &&
	    gh_pii_near(scan, at, end, 60, 40, child_words))
		gh_pii_add(scan, at, end, GH_PII_MINOR, "minor", 62);
}

/* Rows by their first letter, chained; 0 ends a chain. */
struct index {
	uint8_t head[256];
	uint8_t next[GH_ARRAY_LEN(terms) + 1];
};
_Static_assert(GH_ARRAY_LEN(terms) < 255, "the index counts rows in bytes");

static void make_index(struct index *index)
{
	memset(index, 0, sizeof *index);
	for (size_t i = GH_ARRAY_LEN(terms); i-- > 0;) {
		uint8_t first = (uint8_t)terms[i].text[0];
		index->next[i + 1] = index->head[first];
		index->head[first] = (uint8_t)(i + 1);
	}
}

void gh_pii_detect_indicator(struct gh_pii_scan *scan)
{
	struct gh_slice text = scan->text;
	struct index index;
	uint8_t before = ' ';

	make_index(&index);
	for (size_t at = 0; at < text.len; before = text.data[at++]) {
		if (gh_pii_is_alnum(before) || before >= 0x80)
			continue;
		uint8_t c = gh_pii_lower(text.data[at]);
		uint8_t second = at + 1 < text.len ? gh_pii_lower(text.data[at + 1]) : 0;
		if (gh_pii_is_digit(c))
			try_age(scan, at);
		for (size_t row = index.head[c]; row; row = index.next[row])
			if ((uint8_t)terms[row - 1].text[1] == second)
				try_term(scan, &terms[row - 1], at);
	}
}
