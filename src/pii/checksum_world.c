/* More national identifiers, by the rule that their issuer publishes. As in checksum.c, each takes
 * the bare characters of the length that its shape in ids.c promises. */
#include "pii/checksum.h"

#include <string.h>

static int at(const char *s, size_t i)
{
	return s[i] - '0';
}

static int two(const char *s, size_t i)
{
	return at(s, i) * 10 + at(s, i + 1);
}

/* `weights` are one character a digit: '0' is 0, ':' is 10. */
static int weighted(const char *s, const char *weights)
{
	int sum = 0;

	for (size_t i = 0; weights[i]; i++)
		sum += at(s, i) * (weights[i] - '0');
	return sum;
}

bool gh_pii_valid_date(int month, int day)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

/* Switzerland: a GS1 number of country 756. */
bool gh_pii_valid_ahv(const char *s)
{
	return memcmp(s, "756", 3) == 0 &&
	       (10 - weighted(s, "131313131313") % 10) % 10 == at(s, 12);
}

/* Austria: the check digit stands behind three serial ones, a date follows. */
bool gh_pii_valid_at(const char *s)
{
	return weighted(s, "3790584216") % 11 == at(s, 3) && s[0] != '0' && two(s, 4) >= 1 &&
	       two(s, 4) <= 31 && two(s, 6) >= 1 && two(s, 6) <= 15;
}

/* Ireland: mod 23, the second letter counts nine times. */
bool gh_pii_valid_ppsn(const char *s)
{
	int sum = weighted(s, "8765432");

	if (s[8] && (s[8] < 'A' || (s[8] > 'I' && s[8] != 'W')))
		return false;
	if (s[8] && s[8] != 'W')
		sum += (s[8] - 'A' + 1) * 9;
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == s[7];
}

/* Portugal */
bool gh_pii_valid_nif_pt(const char *s)
{
	int rest = weighted(s, "98765432") % 11;

	return strchr("1235689", s[0]) && !gh_pii_all_same(s) &&
	       (rest < 2 ? 0 : 11 - rest) == at(s, 8);
}

/* Poland's tax number */
bool gh_pii_valid_nip(const char *s)
{
	return s[0] != '0' && !gh_pii_all_same(s) && weighted(s, "657234567") % 11 == at(s, 9);
}

/* Czechia and Slovakia: the whole is a multiple of 11; women have 50 on the month. */
bool gh_pii_valid_rodne(const char *s)
{
	int rest = 0, month = two(s, 2) % 50;

	for (size_t i = 0; i < 9; i++)
		rest = (rest * 10 + at(s, i)) % 11;
	return gh_pii_valid_date(month > 20 ? month - 20 : month, two(s, 4)) &&
	       rest % 10 == at(s, 9);
}

/* Romania */
bool gh_pii_valid_cnp(const char *s)
{
	int rest = weighted(s, "279146358279") % 11;

	return s[0] != '0' && gh_pii_valid_date(two(s, 3), two(s, 5)) && two(s, 7) >= 1 &&
	       two(s, 7) <= 70 && (rest == 10 ? 1 : rest) == at(s, 12);
}

/* Bulgaria: months from 21 are of the 19th century, from 41 of the 21st. */
bool gh_pii_valid_egn(const char *s)
{
	return gh_pii_valid_date(two(s, 2) % 20, two(s, 4)) &&
	       weighted(s, "2485:9736") % 11 % 10 == at(s, 9);
}

/* Croatia: ISO 7064 mod 11,10. */
bool gh_pii_valid_oib(const char *s)
{
	int product = 10;

	for (size_t i = 0; i < 10; i++) {
		int sum = (at(s, i) + product) % 10;
		product = (sum ? sum : 10) * 2 % 11;
	}
	return !gh_pii_all_same(s) && (11 - product) % 10 == at(s, 10);
}

/* The republics of former Yugoslavia: a date whose year has three digits, a region. */
bool gh_pii_valid_jmbg(const char *s)
{
	int check = 11 - weighted(s, "765432765432") % 11;

	return gh_pii_valid_date(two(s, 2), two(s, 0)) && (s[4] == '9' || s[4] == '0') &&
	       (check > 9 ? 0 : check) == at(s, 12);
}

/* Estonia and Lithuania: weights of a second round when the first leaves 10. */
bool gh_pii_valid_baltic(const char *s)
{
	int rest = weighted(s, "1234567891") % 11;

	if (rest == 10)
		rest = weighted(s, "3456789123") % 11 % 10;
	return s[0] >= '1' && s[0] <= '6' && gh_pii_valid_date(two(s, 3), two(s, 5)) &&
	       rest == at(s, 10);
}

/* Latvia */
bool gh_pii_valid_lv(const char *s)
{
	return gh_pii_valid_date(two(s, 2), two(s, 0)) && s[6] <= '2' &&
	       (1 + weighted(s, ":584216379")) % 11 % 10 == at(s, 10);
}

/* Hungary's number of social security */
bool gh_pii_valid_taj(const char *s)
{
	return !gh_pii_all_same(s) && weighted(s, "37373737") % 10 == at(s, 8);
}

/* Greece: a date, and Luhn. */
bool gh_pii_valid_amka(const char *s)
{
	return gh_pii_valid_date(two(s, 2), two(s, 0)) && gh_pii_luhn(s, 11);
}

/* Israel: nine digits, Luhn. */
bool gh_pii_valid_il(const char *s)
{
	return gh_pii_luhn(s, 9);
}

/* Chile: mod 11 with weights 2 to 7 from the right, K for ten. */
bool gh_pii_valid_rut(const char *s)
{
	size_t len = strlen(s);
	int sum = 0;

	for (size_t i = 0; i + 1 < len; i++)
		sum += at(s, len - 2 - i) * (int)(2 + i % 6);
	return s[0] != '0' && !gh_pii_all_same(s) && "0K987654321"[sum % 11] == s[len - 1];
}

/* Argentina: persons and companies. */
bool gh_pii_valid_cuit(const char *s)
{
	static const int kinds[] = { 20, 23, 24, 27, 30, 33, 34 };
	int check = 11 - weighted(s, "5432765432") % 11;
	bool known = false;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		known = known || two(s, 0) == kinds[i];
	return known && (check == 11 ? 0 : check == 10 ? 9 : check) == at(s, 10);
}

/* Ecuador: a province, a natural person, and Luhn. */
bool gh_pii_valid_ec(const char *s)
{
	return two(s, 0) >= 1 && two(s, 0) <= 24 && s[2] < '6' && gh_pii_luhn(s, 10);
}

/* Mexico's tax number of a person: four letters, a date. */
bool gh_pii_valid_rfc(const char *s)
{
	return gh_pii_valid_date(two(s, 6), two(s, 8));
}

/* Taiwan: the letter stands for two digits. */
bool gh_pii_valid_tw(const char *s)
{
	static const uint8_t codes[] = { 10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21,
		                         22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33 };
	int code = codes[s[0] - 'A'];

	return strchr("1289", s[1]) &&
	       (code / 10 + code % 10 * 9 + weighted(s + 1, "876543211")) % 10 == 0;
}

/* Hong Kong: one or two letters, six digits, a check of mod 11 that may be A. */
bool gh_pii_valid_hkid(const char *s)
{
	bool pair = s[1] >= 'A';
	const char *digits = s + 1 + pair;
	int sum =
	    pair ? (s[0] - 'A' + 10) * 9 + (s[1] - 'A' + 10) * 8 : 36 * 9 + (s[0] - 'A' + 10) * 8;

	sum += weighted(digits, "765432");
	sum += digits[6] == 'A' ? 10 : digits[6] - '0';
	return sum % 11 == 0 && digits[6] <= 'A';
}

/* Malaysia: a date and a place of birth. */
bool gh_pii_valid_my(const char *s)
{
	int place = two(s, 6);

	return gh_pii_valid_date(two(s, 2), two(s, 4)) && place >= 1 && place != 17 &&
	       place != 18 && place != 19 && place != 20 &&
	       (place <= 59 || place == 71 || place == 72 || place >= 82);
}

/* Indonesia: a province, a date on which women have 40 more days. */
bool gh_pii_valid_nik(const char *s)
{
	return two(s, 0) >= 11 && two(s, 0) <= 94 && gh_pii_valid_date(two(s, 8), two(s, 6) % 40) &&
	       memcmp(s + 12, "0000", 4) != 0;
}

/* Iceland: the last digit is the century. */
bool gh_pii_valid_kennitala(const char *s)
{
	return gh_pii_valid_date(two(s, 2), two(s, 0) % 40) && strchr("890", s[9]) &&
	       (11 - weighted(s, "32765432") % 11) % 11 == at(s, 8);
}

static bool ird(const char *s)
{
	int rest = weighted(s, "32765432") % 11;

	if (rest == 0)
		return s[8] == '0';
	if (11 - rest < 10)
		return 11 - rest == at(s, 8);
	rest = weighted(s, "74325276") % 11;
	return rest != 1 && (rest ? 11 - rest : 0) == at(s, 8);
}

/* New Zealand's tax number, of eight or nine digits. */
bool gh_pii_valid_ird(const char *s)
{
	char full[10] = "0";

	memcpy(full + (strlen(s) == 8), s, strlen(s) + 1);
	return ird(full) && !gh_pii_all_same(s) && full[0] <= '1';
}

/* United Arab Emirates: country 784, a year, and Luhn. */
bool gh_pii_valid_ae(const char *s)
{
	return memcmp(s, "784", 3) == 0 && (two(s, 3) == 19 || two(s, 3) == 20) &&
	       gh_pii_luhn(s, 15);
}

/* Australian companies */
bool gh_pii_valid_acn(const char *s)
{
	return !gh_pii_all_same(s) && (10 - weighted(s, "87654321") % 10) % 10 == at(s, 8);
}

/* Prescribers of the USA: the kind of registrant, the first letter of the name. */
bool gh_pii_valid_dea(const char *s)
{
	int sum = at(s, 2) + at(s, 4) + at(s, 6) + 2 * (at(s, 3) + at(s, 5) + at(s, 7));

	return strchr("ABCDEFGHJKLMPRSTUX", s[0]) && sum % 10 == at(s, 8);
}

/* Tax payers of the United Kingdom */
bool gh_pii_valid_utr(const char *s)
{
	return "21987654321"[weighted(s + 1, "6789:5432") % 11] == s[0];
}

/* Pakistan: the province leads. */
bool gh_pii_valid_cnic(const char *s)
{
	return s[0] >= '1' && s[0] <= '7' && !gh_pii_all_same(s);
}

/* Egypt: a century, a date, a governorate. */
bool gh_pii_valid_eg(const char *s)
{
	return (s[0] == '2' || s[0] == '3') && gh_pii_valid_date(two(s, 3), two(s, 5)) &&
	       ((two(s, 7) >= 1 && two(s, 7) <= 35) || two(s, 7) == 88);
}

/* Kazakhstan */
bool gh_pii_valid_iin(const char *s)
{
	int rest = weighted(s, "123456789:;") % 11;

	if (rest == 10)
		rest = weighted(s, "3456789:;12") % 11;
	return gh_pii_valid_date(two(s, 2), two(s, 4)) && s[6] <= '6' && rest == at(s, 11);
}

/* Ukraine: the first weight is below zero. */
bool gh_pii_valid_rnokpp(const char *s)
{
	int sum = weighted(s, "057946:57") - at(s, 0);

	return !gh_pii_all_same(s) && (sum + 11) % 11 % 10 == at(s, 9);
}

/* Russia: insurance, and the tax number of a person. */
bool gh_pii_valid_snils(const char *s)
{
	return !gh_pii_all_same(s) && weighted(s, "987654321") % 101 % 100 == two(s, 9);
}

bool gh_pii_valid_inn(const char *s)
{
	return !gh_pii_all_same(s) && weighted(s, "724:359468") % 11 % 10 == at(s, 10) &&
	       weighted(s, "3724:359468") % 11 % 10 == at(s, 11);
}

/* Luxembourg: a date, then Luhn and Verhoeff over the same eleven digits. */
bool gh_pii_valid_lu(const char *s)
{
	char other[13];

	memcpy(other, s, 11);
	other[11] = s[12];
	other[12] = 0;
	return (two(s, 0) == 19 || two(s, 0) == 20) && gh_pii_valid_date(two(s, 4), two(s, 6)) &&
	       gh_pii_luhn(s, 12) && gh_pii_verhoeff(other, 12);
}

/* France, for those born in Corsica: 2A counts as 19, 2B as 18. */
bool gh_pii_valid_nir_corsica(const char *s)
{
	char plain[16];

	memcpy(plain, s, 16);
	plain[5] = '1';
	plain[6] = s[6] == 'A' ? '9' : '8';
	return s[5] == '2' && (s[6] == 'A' || s[6] == 'B') && gh_pii_valid_nir(plain);
}

/* Korea: the letter is the kind of passport. */
bool gh_pii_valid_kr_passport(const char *s)
{
	return strchr("MSRODG", s[0]) != NULL;
}

/* Italy: licences that are issued by machine begin with U1 and leave most vowels out. */
bool gh_pii_valid_it_driver(const char *s)
{
	for (size_t i = 2; i < 9; i++)
		if (s[i] >= 'A' && strchr("AEIJKOQV", s[i]))
			return false;
	return s[0] == 'U' && s[1] == '1';
}

/* Nine characters of a German document, the last of which is their check digit. */
bool gh_pii_valid_de_proven9(const char *s)
{
	int sum = 0;

	for (size_t i = 0; i < 8; i++)
		sum += (s[i] >= 'A' ? s[i] - 'A' + 10 : s[i] - '0') * (int[]){ 7, 3, 1 }[i % 3];
	return gh_pii_valid_de_document9(s) && sum % 10 == at(s, 8);
}

/* England's numbers begin with 4, 6 or 7; no telephone exchange of America begins with 0 or 1. */
bool gh_pii_valid_nhs_only(const char *s)
{
	return strchr("467", s[0]) && s[3] < '2' && gh_pii_valid_nhs(s);
}

/* Korea before October 2020: a check digit, of residents or of foreigners. */
bool gh_pii_valid_kr_proven(const char *s)
{
	int sum = weighted(s, "234567892345") % 11, check = at(s, 12);

	return gh_pii_valid_kr(s) && ((11 - sum) % 10 == check || (13 - sum) % 10 == check);
}
