{#- A trait has a type of one family in the warehouse, whatever the warehouse calls it: text,
    boolean, integer, number (integers too), date, timestamp. Returns the trait and its type. -#}
{% test trait_type(model, column_name, family) %}

{%- set families = {
    'text': '^(varchar|nvarchar|char|character|text|string|bpchar)',
    'boolean': '^bool',
    'integer': '^(u?(tiny|small|big|huge|byte)?int|integer|uinteger|long|short)',
    'number': '^(u?(tiny|small|big|huge|byte)?int|integer|uinteger|long|short'
        ~ '|numeric|bignumeric|decimal|number|double|float|real)',
    'date': '^date$',
    'timestamp': '^(timestamp|datetime)',
} -%}
{%- if family not in families -%}
    {{ exceptions.raise_compiler_error(
        "trait_type: `family` is `" ~ family ~ "`. fix: write one of " ~ families | join(', ')
    ) }}
{%- endif -%}
{%- set wrong = [] -%}
{%- set names = [] -%}
{%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(model) -%}
        {%- do names.append(column.name | lower) -%}
        {%- if column.name | lower == column_name | lower
            and not modules.re.match(families[family], column.data_type | lower) -%}
            {%- do wrong.append([column.name, column.data_type]) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if column_name | lower not in names -%}
        {%- do wrong.append([column_name, 'no such column']) -%}
    {%- endif -%}
{%- endif -%}
{{ activation._records(wrong, ['trait', 'found']) }}

{% endtest %}
