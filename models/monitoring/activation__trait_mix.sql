{#- Grain: a day, a model, a trait and a value. A build adds today's rows: it counts the models as
    they are now, and those that are in the warehouse. -#}
{%- set traits = [] -%}
{%- for node in activation._activated(['traits', 'segment', 'objects']) -%}
    {%- for trait in activation._mixed_traits(node, activation._names_in(node)) -%}
        {%- do traits.append([node, trait]) -%}
    {%- endfor -%}
{%- endfor -%}
with

texts as (

    {% for node, trait in traits %}
    select
        {{ activation._as_text(activation._text(node.name)) }} as model,
        {{ activation._as_text(activation._text(trait.name)) }} as trait,
        coalesce({{ activation._as_text(trait.sql) }}, '(none)') as trait_value
    from {{ node.relation_name }}
    {{- '\n    union all' if not loop.last }}
    {%- else %}
    {{ activation._typed_nothing({'model': ['text'], 'trait': ['text'], 'trait_value': ['text']}) }}
    {%- endfor %}

),

counted as (

    select
        model,
        trait,
        trait_value,
        count(*) as model_rows
    from texts
    group by model, trait, trait_value

),

final as (

    select
        {{ activation._today() }} as day,
        model,
        trait,
        {{ activation._as_text('trait_value') }} as trait_value,
        cast(model_rows as bigint) as model_rows,
        {{ activation._as_double('model_rows') }}
        / sum(model_rows) over (partition by model, trait) as share
    from counted

)

select * from final
