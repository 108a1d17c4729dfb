{#- Grain: one survey response, in its newest version, of all connections that were pulled from.
    Empty until the first `python -m sync pull`, which creates the table behind it. -#}
{%- set state = source('activation_state', 'responses') -%}
{%- set is_pulled = execute and (
    state.is_cte or adapter.get_relation(state.database, state.schema, state.identifier)
) -%}
with

records as (

    {% if is_pulled %}
        select
            connection,
            record_id,
            record,
            recorded_at,
            pulled_at
        from {{ state }}
    {% else %}
        select
            cast(null as varchar) as connection,
            cast(null as varchar) as record_id,
            cast(null as varchar) as record,
            cast(null as timestamp) as recorded_at,
            cast(null as timestamp) as pulled_at
        where 1 = 0
    {% endif %}

),

final as (

    select
        cast(connection as varchar) as pulled_from,
        cast(record_id as varchar) as record_id,
        cast({{ activation.json_text('record', 'survey_id') }} as varchar) as survey_id,
        cast({{ activation.json_text('record', 'ext_ref') }} as varchar) as ext_ref,
        cast({{ activation.json_text('record', 'recipient_email') }} as varchar) as recipient_email,
        cast({{ activation.json_text('record', 'answers') }} as varchar) as answers,
        cast({{ activation.json_text('record', 'embedded_data') }} as varchar) as embedded_data,
        cast({{ activation.json_text('record', 'status') }} as integer) as response_status,
        cast(recorded_at as timestamp) as recorded_at,
        cast(pulled_at as timestamp) as pulled_at
    from records

)

select * from final
