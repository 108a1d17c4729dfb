{#- Grain: a day, a model, a destination and a key by which it knows rows. A build adds today's rows:
    it counts the models as they are now, and those that are in the warehouse. -#}
{%- set keys, columns, complete = [], [], [] -%}
{%- for node in activation._activated(['traits', 'segment', 'events', 'objects']) -%}
    {%- set names = activation._names_in(node) -%}
    {%- set here = [] -%}
    {%- for key in activation._keys_of(node) if activation._named(key.column, names) -%}
        {%- set column = activation._named(key.column, names) -%}
        {%- do keys.append([
            node.name ~ '__' ~ key.destination, node.name, key.destination, key.name, key.column,
            'yes' if key.is_unique else 'no'
        ]) -%}
        {%- if [node, key.column, column] not in columns -%}
            {%- do columns.append([node, key.column, column]) -%}
        {%- endif -%}
        {%- if key.is_identity and column not in here -%}
            {%- do here.append(column) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if here -%}
        {%- do complete.append([node, here]) -%}
    {%- endif -%}
{%- endfor -%}
with

named as (

    {{ activation._records(
        keys, ['sync', 'model', 'destination', 'key_name', 'key_column', 'is_unique']
    ) }}

),

texts as (

    {% for node, name, column in columns %}
    select
        {{ activation._as_text(activation._text(node.name)) }} as model,
        {{ activation._as_text(activation._text(name)) }} as key_column,
        {{ activation._as_text(column) }} as text
    from {{ node.relation_name }}
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    {{ activation._typed_nothing({'model': ['text'], 'key_column': ['text'], 'text': ['text']}) }}
    {%- endfor %}

),

keyed as (

    select
        model,
        key_column,
        text,
        nullif({{ activation._strip('text') }}, '') as bare,
        case when {{ activation._strip('text') }} <> '' then trim(text) end as identifier
    from texts

),

compared as (

    select
        model,
        key_column,
        text,
        bare,
        identifier,
        count(identifier) over (partition by model, key_column, identifier) as same,
        min(identifier) over (partition by model, key_column, lower(bare)) as first_alike,
        max(identifier) over (partition by model, key_column, lower(bare)) as last_alike
    from keyed

),

counted as (

    select
        model,
        key_column,
        count(*) as model_rows,
        count(identifier) as usable_rows,
        sum(case when same > 1 then 1 else 0 end) as doubled_rows,
        sum(case when first_alike <> last_alike then 1 else 0 end) as alike_rows,
        sum(case when text <> bare then 1 else 0 end) as spaced_rows,
        sum(case when bare <> lower(bare) then 1 else 0 end) as capital_rows,
        sum(case
            when bare like '%_@_%._%' and bare not like '% %' then 1 else 0
        end) as email_rows
    from compared
    group by model, key_column

),

whole as (

    {% for node, names in complete %}
    select
        {{ activation._as_text(activation._text(node.name)) }} as model,
        count(*) as complete_rows
    from {{ node.relation_name }}
    where
        {%- for column in names %}
        {% if not loop.first %}and {% endif -%}
        {{ activation._strip(activation._as_text(column)) }} <> ''
        {%- endfor %}
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    {{ activation._typed_nothing({'model': ['text'], 'complete_rows': ['integer']}) }}
    {%- endfor %}

),

read_backs as (

    select
        sync,
        checked,
        matched,
        row_number() over (partition by sync order by checked_at desc, run_id) as newest
    from {{ ref('activation__read_backs') }}

),

final as (

    select
        {{ activation._today() }} as day,
        named.model,
        named.destination,
        named.key_name,
        named.key_column,
        named.is_unique = 'yes' as is_unique,
        cast(coalesce(counted.model_rows, 0) as bigint) as model_rows,
        cast(coalesce(counted.usable_rows, 0) as bigint) as usable_rows,
        cast(coalesce(counted.doubled_rows, 0) as bigint) as doubled_rows,
        cast(coalesce(counted.alike_rows, 0) as bigint) as alike_rows,
        cast(coalesce(counted.spaced_rows, 0) as bigint) as spaced_rows,
        cast(coalesce(counted.capital_rows, 0) as bigint) as capital_rows,
        cast(coalesce(counted.email_rows, 0) as bigint) as email_rows,
        cast(coalesce(whole.complete_rows, 0) as bigint) as complete_rows,
        {{ activation._as_double('read_backs.matched') }}
        / nullif(read_backs.checked, 0) as match_rate
    from named
    left join counted
        on named.model = counted.model and named.key_column = counted.key_column
    left join whole on named.model = whole.model
    left join read_backs
        on named.sync = read_backs.sync and read_backs.newest = 1

)

select * from final
