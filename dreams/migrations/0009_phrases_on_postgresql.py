"""On PostgreSQL words that stand beside each other are indexed as pairs, so that a phrase is looked up as a word is.

A phrase of frequent words stands in few of the rows that hold its words: of 100,000 rows 25,000 were read for one.
"""

from django.db import migrations

# A tsvector takes a megabyte of distinct words; pairs take at most twice what the words do. Where that might be too
# much (a ligature that folds to 18 letters) the row has rules.search_words.LONG instead of pairs.
FUNCTION = """CREATE FUNCTION dreams_tokens(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(single || CASE WHEN octet_length(words) > 340000 THEN ARRAY[chr(57344) || 'long']
        ELSE ARRAY(SELECT one || ' ' || next FROM unnest(single, single[2:]) AS beside(one, next) WHERE next <> '') END)
    FROM (SELECT string_to_array(btrim(words, ' '), ' ') AS single) AS cut $$"""
WAS = "array_to_tsvector(string_to_array(btrim(words, ' '), ' '))"


def _index(schema_editor, tokens):
    schema_editor.execute("ALTER TABLE dreams_searchentry DROP COLUMN tokens")  # and its index
    schema_editor.execute(
        f"ALTER TABLE dreams_searchentry ADD COLUMN tokens tsvector GENERATED ALWAYS AS ({tokens}) STORED"
    )
    schema_editor.execute("CREATE INDEX dreams_search ON dreams_searchentry USING gin (tokens)")


def index_pairs(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION)
        _index(schema_editor, "dreams_tokens(words)")


def index_words_alone(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        _index(schema_editor, WAS)
        schema_editor.execute("DROP FUNCTION dreams_tokens")


class Migration(migrations.Migration):

    dependencies = [("dreams", "0008_rosters_as_listed")]

    operations = [migrations.RunPython(index_pairs, index_words_alone)]
