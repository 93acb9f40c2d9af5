/* The identifiers that we know: one row each, nothing else knows their names. `alone` holds when
 * the printed groups fit; weak checksums (one in ten or eleven numbers passes) need words nearby or
 * a field of their own. */
#include "pii/detect.h"

#define GOV  GH_PII_GOV_ID
#define CARD GH_PII_PAYMENT_CARD
#define ROW(kind, shape, groups, valid, alone, bare, context, words, class, letters)               \
	{                                                                                          \
		kind, shape, groups, valid, alone, bare, context, words, class, sizeof(shape) - 1, \
		    letters                                                                        \
	}
#define DIGITS(kind, shape, groups, valid, alone, bare, context, words, class)                     \
	ROW(kind, shape, groups, gh_pii_valid_##valid, alone, bare, context, words, class, false)
#define CODE(kind, shape, valid, alone, bare, context, words)                                      \
	ROW(kind, shape, NULL, gh_pii_valid_##valid, alone, bare, context, words, GOV, true)

const struct gh_pii_id gh_pii_ids[] = {
	/* digits */
	DIGITS("ssn", "999999999", "324", ssn, 86, 45, 97, GH_W_SSN, GOV),
	DIGITS("itin", "999999999", "324", itin, 86, 56, 97, GH_W_ITIN, GOV),
	DIGITS("ein", "999999999", "27", ein, 55, 42, 95, GH_W_EIN, GOV),
	DIGITS("sin", "999999999", "333", sin, 66, 58, 97, GH_W_SIN, GOV),
	DIGITS("aadhaar", "999999999999", "444", aadhaar, 80, 66, 98, GH_W_AADHAAR, GOV),
	DIGITS("nhs", "9999999999", "334", nhs, 52, 60, 97, GH_W_NHS, GOV),
	DIGITS("nhs", "9999999999", "334", nhs_only, 79, 60, 97, GH_W_NHS, GOV),
	DIGITS("pesel", "99999999999", "x", pesel, 62, 70, 97, GH_W_PESEL, GOV),
	DIGITS("cpf", "99999999999", "3332", cpf, 92, 72, 98, GH_W_CPF, GOV),
	DIGITS("cnpj", "99999999999999", "23342", cnpj, 92, 72, 98, GH_W_CPF, GOV),
	DIGITS("bsn", "999999999", "9", bsn, 0, 52, 96, GH_W_BSN, GOV),
	DIGITS("de-tax-id", "99999999999", "x", de_tax, 0, 62, 96, GH_W_DE_TAX, GOV),
	DIGITS("tfn", "999999999", "333", tfn, 52, 57, 96, GH_W_TFN, GOV),
	DIGITS("au-medicare", "9999999999", "451", medicare_au, 75, 58, 96, GH_W_MEDICARE, GOV),
	DIGITS("abn", "99999999999", "2333", abn, 0, 45, 90, GH_W_ABN, GOV),
	DIGITS("npi", "9999999999", "x|433", npi, 0, 61, 96, GH_W_NPI, GOV),
	DIGITS("tr-national-id", "99999999999", "x", tr, 60, 74, 96, GH_W_TR, GOV),
	DIGITS("th-national-id", "9999999999999", "14521", th, 85, 71, 95, GH_W_TH, GOV),
	DIGITS("za-id", "9999999999999", "x", za, 66, 76, 96, GH_W_ZA, GOV),
	DIGITS("kr-rrn", "9999999999999", "67", kr, 78, 52, 96, GH_W_KR, GOV),
	DIGITS("kr-rrn", "9999999999999", "67", kr_proven, 90, 74, 98, GH_W_KR, GOV),
	DIGITS("cn-id", "999999999999999999", "x", cn, 92, 95, 98, GH_W_CN, GOV),
	DIGITS("personnummer", "9999999999", "64", se, 70, 62, 96, GH_W_SE, GOV),
	DIGITS("personnummer", "999999999999", "84", se_long, 75, 72, 97, GH_W_SE, GOV),
	DIGITS("my-number", "999999999999", "444", my_number, 0, 46, 96, GH_W_MY_NUMBER, GOV),
	DIGITS("it-vat", "99999999999", "x", it_vat, 0, 52, 90, GH_W_CODICE, GOV),
	DIGITS("ph-tin", "999999999", "333", any, 0, 0, 82, GH_W_PH_TIN, GOV),
	DIGITS("ph-tin", "999999999999", "3333", any, 0, 0, 82, GH_W_PH_TIN, GOV),
	DIGITS("kr-driver", "999999999999", "2262", kr_driver, 65, 0, 92, GH_W_DRIVER, GOV),
	DIGITS("passport", "999999999", "9", any, 0, 0, 90, GH_W_PASSPORT, GOV),
	DIGITS("passport", "99999999", "8", any, 0, 0, 86, GH_W_PASSPORT, GOV),
	DIGITS("driver-license", "9999999", "7", any, 0, 0, 86, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "99999999", "8", any, 0, 0, 88, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "999999999", "9", any, 0, 0, 89, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "9999999999", "x", any, 0, 0, 88, GH_W_DRIVER, GOV),
	DIGITS("driver-license", "9999999999", "424", any, 0, 0, 88, GH_W_DRIVER, GOV),
	DIGITS("aba-routing", "999999999", "9|441", aba, 0, 60, 97, GH_W_ABA, CARD),
	DIGITS("bank-account", "9999999", "7", any, 0, 0, 84, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "99999999", "8", any, 0, 0, 87, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "999999999", "9", any, 0, 0, 88, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "9999999999", "x", any, 0, 0, 90, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "99999999999", "x", any, 0, 0, 90, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "999999999999", "x", any, 0, 0, 90, GH_W_ACCOUNT, CARD),
	DIGITS("bank-account", "99999999999999", "x", any, 0, 0, 86, GH_W_ACCOUNT, CARD),
	DIGITS("fr-nir", "999999999999999", "x", nir, 88, 90, 97, GH_W_NIR, GOV),
	DIGITS("imei", "999999999999999", "x", imei, 0, 0, 92, GH_W_IMEI, GOV),
	DIGITS("no-fnr", "99999999999", "65", fnr, 80, 72, 96, GH_W_SE, GOV),
	DIGITS("be-nn", "99999999999", "x", be, 60, 70, 96, GH_W_NATID, GOV),
	DIGITS("dk-cpr", "9999999999", "64", cpr, 0, 0, 92, GH_W_SE, GOV),
	/* by country */
	DIGITS("ch-ahv", "9999999999999", "3442|x", ahv, 92, 92, 98, GH_W_NATID, GOV),
	DIGITS("at-svnr", "9999999999", "46", at, 62, 55, 96, GH_W_DE_SOCIAL | GH_W_NATID, GOV),
	DIGITS("pt-nif", "999999999", "333", nif_pt, 0, 45, 95, GH_W_NATID | GH_W_DNI, GOV),
	DIGITS("pl-nip", "9999999999", "3322|3223", nip, 66, 45, 95, GH_W_NATID, GOV),
	DIGITS("cz-rodne-cislo", "9999999999", "64", rodne, 78, 42, 96, GH_W_NATID, GOV),
	DIGITS("ro-cnp", "9999999999999", "x", cnp, 78, 84, 97, GH_W_NATID, GOV),
	DIGITS("bg-egn", "9999999999", "x", egn, 0, 58, 96, GH_W_NATID, GOV),
	DIGITS("hr-oib", "99999999999", "x", oib, 0, 45, 96, GH_W_NATID, GOV),
	DIGITS("jmbg", "9999999999999", "x", jmbg, 72, 78, 97, GH_W_NATID, GOV),
	DIGITS("baltic-id", "99999999999", "x", baltic, 60, 68, 97, GH_W_NATID, GOV),
	DIGITS("lv-personas-kods", "99999999999", "65", lv, 80, 60, 97, GH_W_NATID, GOV),
	DIGITS("hu-taj", "999999999", "333", taj, 0, 0, 95, GH_W_NATID, GOV),
	DIGITS("gr-amka", "99999999999", "x", amka, 56, 62, 97, GH_W_NATID, GOV),
	DIGITS("il-id", "999999999", "9|81", il, 0, 0, 94, GH_W_NATID, GOV),
	DIGITS("cl-rut", "999999999", "2331|81", rut, 86, 45, 97, GH_W_NATID, GOV),
	DIGITS("cl-rut", "99999999", "1331|71", rut, 84, 45, 97, GH_W_NATID, GOV),
	DIGITS("ar-cuit", "99999999999", "281", cuit, 90, 60, 97, GH_W_NATID, GOV),
	DIGITS("ec-cedula", "9999999999", "91", ec, 62, 45, 96, GH_W_NATID | GH_W_DNI, GOV),
	DIGITS("my-mykad", "999999999999", "624", my, 82, 42, 97, GH_W_NATID, GOV),
	DIGITS("id-nik", "9999999999999999", "x", nik, 0, 55, 96, GH_W_NATID, GOV),
	DIGITS("is-kennitala", "9999999999", "64", kennitala, 82, 58, 97, GH_W_SE | GH_W_NATID,
	       GOV),
	DIGITS("nz-ird", "999999999", "333", ird, 0, 0, 95, GH_W_NATID, GOV),
	DIGITS("nz-ird", "99999999", "233", ird, 0, 0, 95, GH_W_NATID, GOV),
	DIGITS("ae-emirates-id", "999999999999999", "3471|x", ae, 94, 94, 98, GH_W_NATID, GOV),
	DIGITS("au-acn", "999999999", "333", acn, 0, 0, 92, GH_W_ABN, GOV),
	DIGITS("uk-utr", "9999999999", "x|55", utr, 0, 0, 95, GH_W_NATID, GOV),
	DIGITS("pk-cnic", "9999999999999", "571", cnic, 82, 0, 95, GH_W_NATID, GOV),
	DIGITS("eg-id", "99999999999999", "x", eg, 0, 62, 96, GH_W_NATID, GOV),
	DIGITS("kz-iin", "999999999999", "x", iin, 58, 68, 97, GH_W_NATID, GOV),
	DIGITS("ua-rnokpp", "9999999999", "x", rnokpp, 0, 0, 95, GH_W_NATID, GOV),
	DIGITS("ru-snils", "99999999999", "3332", snils, 90, 60, 97, GH_W_NATID, GOV),
	DIGITS("ru-inn", "999999999999", "x", inn, 0, 62, 96, GH_W_NATID, GOV),
	DIGITS("lu-matricule", "9999999999999", "x", lu, 84, 88, 97, GH_W_NATID, GOV),
	/* with letters */
	CODE("ie-ppsn", "9999999A", ppsn, 0, 54, 94, GH_W_NATID),
	CODE("ie-ppsn", "9999999AA", ppsn, 60, 66, 95, GH_W_NATID),
	CODE("cl-rut", "99999999A", rut, 60, 66, 97, GH_W_NATID),
	CODE("mx-rfc", "AAAA999999XXX", rfc, 82, 86, 97, GH_W_CURP),
	CODE("tw-id", "A999999999", tw, 82, 86, 97, GH_W_NATID | GH_W_CN),
	CODE("hk-id", "A9999999", hkid, 0, 58, 96, GH_W_NATID | GH_W_CN),
	CODE("hk-id", "A999999A", hkid, 0, 66, 96, GH_W_NATID | GH_W_CN),
	CODE("hk-id", "AA9999999", hkid, 0, 56, 96, GH_W_NATID | GH_W_CN),
	CODE("dea", "AA9999999", dea, 0, 0, 96, GH_W_NATID | GH_W_NPI),
	CODE("fr-nir", "999999A99999999", nir_corsica, 92, 92, 98, GH_W_NIR),
	CODE("it-driver", "A9XXXXXXXA", it_driver, 62, 70, 94, GH_W_DRIVER),
	CODE("it-identity-card", "9999999AA", any, 0, 54, 90, GH_W_IT_CARD),
	CODE("curp", "AAAA999999AAAAAAX9", curp, 95, 95, 98, GH_W_CURP),
	CODE("vin", "XXXXXXXXXXXXXXXXX", vin, 0, 60, 92, GH_W_VIN),
	CODE("dni", "9999999A", dni7, 0, 56, 90, GH_W_DNI),
	CODE("de-passport", "AXXXXXXXX", de_document9, 0, 45, 90, GH_W_PASSPORT),
	CODE("de-passport", "AXXXXXXX9", de_proven9, 0, 64, 94, GH_W_PASSPORT),
	CODE("kr-passport", "A999A9999", kr_passport, 60, 66, 93, GH_W_PASSPORT),
	CODE("dni", "99999999A", dni, 90, 92, 97, GH_W_DNI),
	CODE("nie", "A9999999A", nie, 92, 94, 97, GH_W_DNI),
	CODE("nino", "AA999999A", nino, 88, 90, 97, GH_W_NINO),
	CODE("codice-fiscale", "AAAAAA99A99A999A", codice_fiscale, 95, 95, 98, GH_W_CODICE),
	CODE("codice-fiscale", "AAAAAA99A99A999A", any, 60, 62, 88, GH_W_CODICE),
	CODE("pan-in", "AAAAA9999A", pan_in, 78, 84, 96, GH_W_PAN_IN),
	CODE("mbi", "9AX9AX9AA99", mbi, 86, 90, 97, GH_W_MBI),
	CODE("uk-driver", "AAAAA999999AA9AA", uk_driver, 80, 85, 95, GH_W_DRIVER),
	CODE("sg-nric", "A9999999A", sg, 88, 90, 97, GH_W_SG),
	CODE("hetu", "999999A999X", fi, 90, 92, 97, GH_W_FI),
	CODE("hetu", "999999-999X", fi, 90, 92, 97, GH_W_FI),
	CODE("in-voter", "AAA9999999", any, 54, 60, 92, GH_W_VOTER),
	CODE("passport", "AA9999999", any, 0, 54, 92, GH_W_PASSPORT),
	CODE("passport", "A9999999", any, 0, 48, 92, GH_W_PASSPORT),
	CODE("passport", "A99999999", any, 0, 56, 92, GH_W_PASSPORT),
	CODE("passport", "AAA999999", any, 0, 56, 92, GH_W_PASSPORT),
	CODE("passport", "A999A9999", any, 0, 45, 92, GH_W_PASSPORT),
	CODE("passport", "A9999999A", any, 0, 54, 88, GH_W_PASSPORT),
	CODE("de-passport", "AXXXXXXXX9", de_document, 0, 70, 94, GH_W_PASSPORT),
	CODE("de-social", "99999999A999", de_social, 88, 90, 97, GH_W_DE_SOCIAL),
	CODE("de-health", "A999999999", de_health, 0, 72, 96, GH_W_DE_SOCIAL),
	CODE("it-driver", "AA9999999A", any, 54, 60, 92, GH_W_DRIVER),
	CODE("it-identity-card", "AA99999AA", any, 0, 58, 92, GH_W_IT_CARD),
	CODE("it-identity-card", "AA9999999", any, 0, 54, 92, GH_W_IT_CARD),
	CODE("cn-id", "99999999999999999A", cn, 92, 95, 98, GH_W_CN),
	CODE("driver-license", "A9999999", any, 0, 0, 90, GH_W_DRIVER),
	CODE("driver-license", "A99999999999", any, 0, 0, 92, GH_W_DRIVER),
	CODE("driver-license", "A999999999999", any, 0, 0, 92, GH_W_DRIVER),
	CODE("driver-license", "A99999999", any, 0, 0, 88, GH_W_DRIVER),
	CODE("driver-license", "A9999999999", any, 0, 0, 88, GH_W_DRIVER),
	CODE("driver-license", "AA999999", any, 0, 0, 88, GH_W_DRIVER),
};
const size_t gh_pii_id_count = GH_ARRAY_LEN(gh_pii_ids);
_Static_assert(GH_ARRAY_LEN(gh_pii_ids) <= GH_PII_ID_ROWS, "the index of identifiers is too small");

/* "324|x" as spans write it: four bits a group, 0xa for ten digits and more. */
static void add_digits(struct gh_pii_digit_row *row, const struct gh_pii_id *id)
{
	size_t way = 0;

	row->id = id;
	row->words = id->words;
	for (const char *at = id->groups; *at; at++)
		if (*at == '|')
			way++;
		else
			row->printed[way] =
			    row->printed[way] << 4 | (uint32_t)(*at == 'x' ? 10 : *at - '0');
}

static void add_code(struct gh_pii_code_row *row, const struct gh_pii_id *id)
{
	row->id = id;
	for (size_t i = 0; id->shape[i]; i++) {
		row->letters |= (uint32_t)(id->shape[i] == 'A') << i;
		row->digits |= (uint32_t)(id->shape[i] == '9') << i;
		row->signs |= (uint32_t)(id->shape[i] == '-') << i;
	}
}

static void note_length(struct gh_pii_id_index *out, const struct gh_pii_code_row *row)
{
	for (uint32_t head = 0; head < GH_ARRAY_LEN(out->code_lengths); head++)
		if (!(row->letters & 15 & ~head) && !(row->digits & head))
			out->code_lengths[head] |= UINT64_C(1) << row->id->len;
}

void gh_pii_id_index_make(struct gh_pii_id_index *out)
{
	size_t digits = 0, codes = 0;

	for (size_t len = 0; len <= GH_PII_ID_MAX; len++) {
		out->digits_of[len] = (uint8_t)digits;
		out->codes_of[len] = (uint8_t)codes;
		for (size_t i = 0; i < gh_pii_id_count; i++) {
			const struct gh_pii_id *id = &gh_pii_ids[i];
			if (id->len != len)
				continue;
			if (!id->has_letters) {
				add_digits(&out->digits[digits++], id);
				continue;
			}
			add_code(&out->codes[codes], id);
			note_length(out, &out->codes[codes++]);
		}
	}
	out->digits_of[GH_PII_ID_MAX + 1] = (uint8_t)digits;
	out->codes_of[GH_PII_ID_MAX + 1] = (uint8_t)codes;
}
